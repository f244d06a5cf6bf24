#include "pushgateway/push_conflict.hpp"

#include <doctest/doctest.h>

using namespace pushmetrics;

namespace {

Push push_of(std::string body, std::vector<Label> labels = {}, PushMode mode = PushMode::add) {
  return {*GroupingKey::make("mine", std::move(labels)), mode, std::move(body), {}};
}

GroupSnapshot held(std::vector<Label> labels, std::string family, MetricType type,
                   std::vector<Label> series = {}) {
  GroupSnapshot group;
  group.labels = GroupLabels(std::move(labels));
  SeriesIdentity identity;
  for (const Label& label : series) identity.add(label.name, label.value);
  group.held.push_back({std::move(family), type, {identity.value()}});
  return group;
}

std::string explain(const Push& push, const std::vector<GroupSnapshot>& groups) {
  return PushConflicts(push).explain(groups, "http://gw:9091");
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

const Push counter = push_of("# TYPE x counter\nx 1\n");

}  // namespace

TEST_CASE("another type of the same name is named, with the command that clears it") {
  const auto why = explain(counter, {held({{"job", "fine"}}, "y", MetricType::gauge),
                                     held({{"job", "other"}}, "x", MetricType::gauge)});
  CHECK(has(why, "{job=\"other\"} holds x as gauge, and this push has it as counter"));
  CHECK(has(why, "pushmetrics delete --url http://gw:9091 "));
  CHECK(has(why, "other"));
}

TEST_CASE("what the push replaces is not in its way") {
  CHECK(explain(counter, {held({{"job", "mine"}}, "x", MetricType::gauge)}).empty());
  const auto parts = {held({{"job", "mine"}}, "x_count", MetricType::gauge)};
  const std::string body = "# TYPE x summary\nx_sum 1\nx_count 1\n";
  CHECK(has(explain(push_of(body), parts), "cannot stand beside"));
  CHECK(explain(push_of(body, {}, PushMode::replace), parts).empty());
}

TEST_CASE("a part's name beside its histogram is in the way, from either side") {
  const std::vector<GroupSnapshot> histogram{held({{"job", "h"}}, "s", MetricType::histogram)};
  CHECK(has(explain(push_of("s_count 1\n"), histogram), "the histogram s, which cannot stand beside"));
  CHECK(explain(push_of("s_total 1\n"), histogram).empty());
}

TEST_CASE("the same series by a grouping label is found") {
  const Push push = push_of("q 1\n", {{"instance", "i"}});
  const auto same = held({{"job", "mine"}}, "q", MetricType::untyped, {{"instance", "i"}, {"job", "mine"}});
  const auto other = held({{"job", "mine"}}, "q", MetricType::untyped, {{"instance", "k"}, {"job", "mine"}});
  CHECK(has(explain(push, {same}), "with the very labels"));
  CHECK(explain(push, {other}).empty());
}

TEST_CASE("a poisoned group comes before everything else") {
  const auto type = held({{"job", "other"}}, "x", MetricType::gauge);
  const auto bytes = held({{"job", "\xff"}}, "z", MetricType::gauge);
  CHECK(has(explain(counter, {type, bytes}), "not UTF-8"));
  const auto plain = held({{"job", "g"}}, "z", MetricType::gauge);
  auto empty = held({{"job", "g"}, {"instance", ""}}, "z", MetricType::gauge);
  CHECK(explain(counter, {plain, empty}).empty());
  empty.is_beside_bare_group = true;
  CHECK(has(explain(counter, {plain, empty}), "empty instance"));
}

TEST_CASE("a group whose bytes are unknown gets no command that would miss it") {
  auto group = held({{"job", "\xEF\xBF\xBD"}}, "z", MetricType::gauge);
  group.name = GroupSnapshot::Name::unknown_bytes;
  CHECK(!has(explain(counter, {group}), "pushmetrics delete"));
}

TEST_CASE("the gateway's own metrics are read from TYPE lines, in whatever pieces") {
  const PushConflicts conflicts(counter);
  TypeLines lines(conflicts);
  for (const char c : std::string("# HELP x y\n# TYPE x gauge\nx 1\n# TYPE y counter\n"))
    lines.take(std::string_view(&c, 1));
  CHECK(lines.types() == Types{{"x", MetricType::gauge}});
  CHECK(has(conflicts.explain(lines.types()), "of the gateway itself, of type gauge"));
  const Push gauge = push_of("# TYPE x gauge\nx 1\n");
  CHECK(PushConflicts(gauge).explain(lines.types()).empty());
}

TEST_CASE("only what can explain a rejection concerns it") {
  const Push push = push_of("# TYPE s summary\ns_sum 1\ns_count 1\n");
  const PushConflicts conflicts(push);
  CHECK(conflicts.concern(held({{"job", "a"}}, "s", MetricType::gauge)));
  CHECK(conflicts.concern(held({{"job", "a"}}, "s_count", MetricType::gauge)));
  CHECK(conflicts.concern(held({{"job", "a"}, {"instance", ""}}, "z", MetricType::gauge)));
  CHECK(conflicts.concern(held({{"job", "\xff"}}, "z", MetricType::gauge)));
  CHECK(!conflicts.concern(held({{"job", "a"}}, "s", MetricType::summary, {{"job", "a"}})));
  CHECK(!conflicts.concern(held({{"job", "a"}}, "z", MetricType::gauge)));
}
