#include "delivery/delivery_queue.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <utility>

using namespace pushmetrics;
using namespace std::chrono_literals;

namespace {

/// Answers each attempt as the script has it, after a moment; `never` hangs until the deadline.
class ScriptedSink : public Sink {
 public:
  struct Step {
    AttemptResult verdict;
    Duration after = 1ms;
  };

  ScriptedSink(EventLoop& loop, std::vector<Step> script) : loop_(loop), script_(std::move(script)) {}

  Capabilities capabilities() const override { return {}; }
  std::unique_ptr<Attempt> attempt(const Push& push, EventLoop::Clock::time_point deadline,
                                   Done done) override {
    bodies.push_back(push.body);
    const Step step = bodies.size() <= script_.size() ? script_[bodies.size() - 1] : Step{};
    const auto when = std::min(EventLoop::Clock::now() + step.after, deadline);
    const AttemptResult verdict =
        when == deadline ? AttemptResult{AttemptResult::Kind::retry, "no answer in time"} : step.verdict;
    return std::make_unique<TimedAttempt>(loop_, loop_.call_at(when, [verdict, done] { done(verdict); }));
  }

  /// Of each attempt.
  std::vector<std::string> bodies;

 private:
  struct TimedAttempt : Attempt {
    TimedAttempt(EventLoop& the_loop, EventLoop::TimerId the_timer) : loop(the_loop), timer(the_timer) {}
    ~TimedAttempt() override { loop.cancel(timer); }
    EventLoop& loop;
    EventLoop::TimerId timer;
  };

  EventLoop& loop_;
  std::vector<Step> script_;
};

const AttemptResult delivered{};
const AttemptResult busy{AttemptResult::Kind::retry, "the server answered 503", std::nullopt, 503};
const AttemptResult refused{AttemptResult::Kind::rejected, "the server answered 400: no", std::nullopt, 400};

AttemptResult busy_for(Duration wait) {
  AttemptResult verdict = busy;
  verdict.retry_after = wait;
  return verdict;
}

Push push(std::string body) { return {*GroupingKey::make("job"), PushMode::add, std::move(body), {}}; }

struct Fixture {
  ScriptedSink& add_target(std::string name, std::vector<ScriptedSink::Step> script) {
    auto sink = std::make_unique<ScriptedSink>(loop, std::move(script));
    ScriptedSink& added = *sink;
    targets.push_back({std::move(name), std::move(sink)});
    return added;
  }
  void send(DeliveryQueue& queue, std::string body) {
    queue.send(push(std::move(body)),
               [this](const DeliveryResult& delivery) { results.push_back(delivery); });
  }
  void run(DeliveryQueue& queue) {
    loop.run_until([&] { return queue.idle(); });
  }

  EventLoop loop;
  std::vector<Target> targets;
  std::vector<DeliveryResult> results;
};

}  // namespace

TEST_CASE("what fails for now is tried again until it is delivered") {
  Fixture f;
  const ScriptedSink& sink = f.add_target("gw", {{busy}, {busy}, {delivered}});
  DeliveryQueue queue(f.loop, f.targets, {10s, 3});
  f.send(queue, "a");
  f.run(queue);
  REQUIRE(f.results.size() == 1);
  CHECK(f.results[0].delivered());
  CHECK(f.results[0].attempts == 3);
  CHECK(sink.bodies.size() == 3);
}

TEST_CASE("a push that is refused is not tried again") {
  Fixture f;
  f.add_target("gw", {{refused}});
  DeliveryQueue queue(f.loop, f.targets, {10s, 3});
  f.send(queue, "a");
  f.run(queue);
  CHECK(f.results.at(0).attempts == 1);
  CHECK(f.results.at(0).describe().starts_with("gw: the server answered 400: no (1 attempt in "));
}

TEST_CASE("retries end with their number") {
  Fixture f;
  f.add_target("gw", {{busy}, {busy}, {busy}, {busy}});
  DeliveryQueue queue(f.loop, f.targets, {10s, 1});
  f.send(queue, "a");
  f.run(queue);
  CHECK_FALSE(f.results.at(0).delivered());
  CHECK(f.results.at(0).describe().starts_with("gw: the server answered 503 (2 attempts in "));
}

TEST_CASE("the budget ends an attempt that hangs") {
  Fixture f;
  f.add_target("gw", {{delivered, 1h}});
  DeliveryQueue queue(f.loop, f.targets, {50ms, 3});
  f.send(queue, "a");
  f.run(queue);
  CHECK(f.results.at(0).last_attempt.reason == "no answer in time");
  CHECK(f.results.at(0).took >= 50ms);
  CHECK(f.results.at(0).took < 2s);
}

TEST_CASE("Retry-After is waited for, unless it is beyond the budget") {
  Fixture f;
  f.add_target("patient", {{busy_for(300ms)}, {delivered}});
  f.add_target("hopeless", {{busy_for(1h)}, {delivered}});
  DeliveryQueue queue(f.loop, f.targets, {5s, 3});
  f.send(queue, "a");
  f.run(queue);
  REQUIRE(f.results.size() == 2);
  const DeliveryResult& hopeless = f.results[0];
  CHECK(hopeless.describe().starts_with(
      "hopeless: the server answered 503; it asks to be left alone for 1h (1 attempt in "));
  CHECK(hopeless.took < 2s);
  CHECK(f.results[1].delivered());
  CHECK(f.results[1].took >= 300ms);
}

TEST_CASE("to one target pushes go in their order, the next only when the last has ended") {
  Fixture f;
  const ScriptedSink& sink = f.add_target("gw", {{busy}, {delivered, 20ms}, {refused}, {delivered}});
  DeliveryQueue queue(f.loop, f.targets, {10s, 3});
  for (const char* body : {"a", "b", "c"}) f.send(queue, body);
  f.run(queue);
  CHECK(sink.bodies == std::vector<std::string>{"a", "a", "b", "c"});
  CHECK(f.results.size() == 3);
}

TEST_CASE("a target that hangs delays no other") {
  Fixture f;
  f.add_target("dead", {{delivered, 1h}});
  f.add_target("alive", {});
  DeliveryQueue queue(f.loop, f.targets, {1s, 3});
  f.send(queue, "a");
  f.run(queue);
  REQUIRE(f.results.size() == 2);
  CHECK(f.results[0].target->name == "alive");
  CHECK(f.results[0].took < 900ms);
  CHECK(f.results[1].target->name == "dead");
}

TEST_CASE("giving up ends what is under way and what waits, with the last reason") {
  Fixture f;
  f.add_target("gw", {{busy}, {delivered, 1h}});
  DeliveryQueue queue(f.loop, f.targets, {10s, 3});
  f.send(queue, "a");
  f.send(queue, "b");
  f.loop.call_at(EventLoop::Clock::now() + 400ms, [&] { queue.give_up("interrupted by a signal"); });
  f.run(queue);
  REQUIRE(f.results.size() == 2);
  CHECK(f.results[0].last_attempt.reason == "the server answered 503; interrupted by a signal");
  CHECK(f.results[1].describe() == "gw: interrupted by a signal");
}

TEST_CASE("what is sent by those that hear of giving up is sent") {
  Fixture f;
  const ScriptedSink& sink = f.add_target("gw", {{delivered, 1h}});
  DeliveryQueue queue(f.loop, f.targets, {10s, 3});
  bool is_sent = false;
  const auto send_end = [&](const DeliveryResult&) {
    if (!std::exchange(is_sent, true)) f.send(queue, "end");
  };
  queue.send(push("heartbeat"), send_end);
  queue.send(push("heartbeat"), send_end);
  queue.give_up("superseded");
  f.run(queue);
  REQUIRE(f.results.size() == 1);
  CHECK(f.results[0].delivered());
  CHECK(sink.bodies == std::vector<std::string>{"heartbeat", "end"});
}

TEST_CASE("a queue that is destroyed leaves no call behind") {
  Fixture f;
  f.add_target("gw", {{busy}, {delivered, 1h}});
  {
    DeliveryQueue queue(f.loop, f.targets, {10s, 3});
    f.send(queue, "a");
    bool over = false;
    f.loop.call_at(EventLoop::Clock::now() + 5ms, [&over] { over = true; });
    f.loop.run_until([&over] { return over; });
  }
  f.loop.run_until([] { return false; });
  CHECK(f.results.empty());
}
