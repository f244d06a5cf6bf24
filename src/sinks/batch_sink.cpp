#include "sinks/batch_sink.hpp"

#include "sinks/address_hint.hpp"
#include "support/text.hpp"

#include <memory>
#include <optional>

namespace pushmetrics {

using Clock = EventLoop::Clock;
using Kind = AttemptResult::Kind;

class BatchSink::BatchAttempt : public Attempt {
 public:
  BatchAttempt(BatchSink& sink, const Push& push, Clock::time_point deadline, Done done)
      : sink_(sink),
        loop_(sink.endpoint_.client->loop()),
        push_(push),
        deadline_(deadline),
        done_(std::move(done)),
        samples_(push, sink.points(), {}) {
    schedule();
  }
  ~BatchAttempt() override { loop_.cancel(step_); }
  BatchAttempt(const BatchAttempt&) = delete;
  BatchAttempt& operator=(const BatchAttempt&) = delete;

  Remainder remainder() override {
    Remainder rest{nullptr, rejected_};
    if (settled_ > 0)
      rest.push =
          std::make_shared<const Push>(Push{push_.group, push_.mode, samples_.text_from(sent_), push_.when});
    return rest;
  }

 private:
  /// From the loop, so that signals and other targets are served between the parts of a large push.
  void schedule() {
    step_ = loop_.call_at(Clock::now(), [this] { step(); });
  }

  void step() {
    if (Clock::now() >= deadline_)
      return finish({.kind = Kind::retry, .reason = "the time limit was reached before all of it was sent"});
    if (!is_prepared_) return prepare();
    send();
  }

  void prepare() {
    const auto prepared = samples_.prepare();
    if (!prepared) return finish({.kind = Kind::rejected, .reason = prepared.error()});
    is_prepared_ = *prepared;
    if (is_prepared_) {
      sent_ = samples_.place();
      if (std::string problem = sink_.problem_of(samples_); !problem.empty())
        return finish({.kind = Kind::rejected, .reason = std::move(problem)});
    }
    schedule();
  }

  void send() {
    auto request = sink_.request(samples_.next(), push_);
    if (!request) return finish({.kind = Kind::rejected, .reason = request.error()});
    request->unix_socket = sink_.endpoint_.unix_socket;
    transfer_ = sink_.endpoint_.client->start(std::move(*request), sink_.endpoint_.options, deadline_,
                                              [this](const HttpResponse& response) { on_answer(response); });
  }

  void on_answer(const HttpResponse& response) {
    if (sink_.adapt_to(response)) {
      samples_.go_to(sent_);
      return schedule();
    }
    AttemptResult result = with_address_hint(sink_.judge(response), sink_.endpoint_, response);
    const bool is_only_one = settled_ == 0 && samples_.at_end();
    constexpr int unsupported_media_type = 415;  // of the others, too
    if (result.may_go_later() || is_only_one || result.status == unsupported_media_type)
      return finish(std::move(result));
    sent_ = samples_.place();
    ++settled_;
    if (result.kind == Kind::rejected) {
      note_rejection(result);
    } else if (warning_.empty()) {
      warning_ = std::move(result.reason);
    }
    if (!samples_.at_end()) return schedule();
    if (rejections_ > 0)
      finish({.kind = Kind::rejected, .reason = rejected_, .status = result.status});
    else
      finish({.reason = warning_, .status = result.status});
  }

  void note_rejection(const AttemptResult& result) {
    if (++rejections_ == 1) first_rejection_ = result.reason;
    rejected_ = concat({std::to_string(rejections_), rejections_ == 1 ? " part" : " parts",
                        " of the push rejected: ", first_rejection_});
  }

  void finish(AttemptResult result) {
    const Done done = std::move(done_);
    done(std::move(result));
  }

  BatchSink& sink_;
  EventLoop& loop_;
  const Push& push_;
  Clock::time_point deadline_;
  Done done_;
  SampleReader samples_;
  bool is_prepared_ = false;
  /// As far as requests have been answered: delivered, or rejected for good.
  SampleReader::Place sent_;
  std::size_t settled_ = 0;
  std::size_t rejections_ = 0;
  std::string first_rejection_;
  std::string rejected_;
  std::string warning_;
  EventLoop::TimerId step_ = EventLoop::no_timer;
  HttpClient::TransferHandle transfer_;
};

std::unique_ptr<Attempt> BatchSink::attempt(const Push& push, EventLoop::Clock::time_point deadline,
                                            Done done) {
  return std::make_unique<BatchAttempt>(*this, push, deadline, std::move(done));
}

std::string BatchSink::problem_of(SampleReader&) const { return {}; }

AttemptResult BatchSink::judge(const HttpResponse& response) const { return verdict_of(response); }

bool BatchSink::adapt_to(const HttpResponse&) { return false; }

}  // namespace pushmetrics
