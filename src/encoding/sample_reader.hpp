#pragma once

#include "formats/exposition_body.hpp"
#include "metrics/family.hpp"
#include "metrics/push.hpp"
#include "support/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace pushmetrics {

/// Reads the samples of a push a batch at a time, so that a large push is never in memory as a whole in another form
/// than its text. `push` must outlive it.
class SampleReader {
 public:
  enum class Points {
    separate,  ///< each sample stands for itself
    whole      ///< all samples of one histogram or summary are in one batch, wherever they are in the text
  };
  struct Limits {
    std::size_t samples = 10'000;
    /// Of the encoded batch, estimated from above for protobuf. One sample (or histogram) may exceed it.
    std::size_t bytes = std::size_t{4} << 20;
  };
  /// Between two samples.
  struct Place {
    std::size_t run = 0;
    std::size_t offset = 0;
  };

  SampleReader(const Push& push, Points points, Limits limits)
      : push_(push), points_(points), limits_(limits), body_(&push.group) {}

  /// Must be called until it returns true, before anything else: reads the text once, some milliseconds at each call. A
  /// failure: why no target with series takes the push.
  Result<bool> prepare();

  /// The first family that is a gaugehistogram, if there is one.
  std::string gauge_histogram();
  bool at_end() const { return place_.run == runs_.size(); }
  Place place() const { return place_; }
  void go_to(Place place) { place_ = place; }
  /// The next samples, with the group's labels replacing their own (GroupingKey::apply_to). Empty at the end.
  std::vector<Family> next();
  /// The text of the samples from `place` on, with HELP and TYPE of their families.
  std::string text_from(Place place);

 private:
  class Indexer;
  class Comparer;
  class Batch;
  class Copier;

  /// A part of the text, of the samples of one histogram or summary or (series 0) of any others.
  struct Run {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::uint64_t series = 0;
  };

  using Next = ExpositionHandler::Next;

  std::string_view piece(std::size_t begin, std::size_t end) const;
  Result<void> index_piece();
  void gather_scattered();
  void compare_piece();
  Result<void> find_same_series();
  Sample sample_at(std::size_t offset) const;
  MetricType type_of(const Sample& sample);
  void read_unit(Batch& batch);
  void read_lines(Batch& batch);
  std::size_t offset_of(const char* at) const { return static_cast<std::size_t>(at - push_.body.data()); }

  const Push& push_;
  Points points_;
  Limits limits_;

  // The index.
  ExpositionBody body_;
  std::unordered_map<const FamilyEntry*, std::string_view> help_;
  /// Families of which two samples may be one series.
  std::unordered_set<const FamilyEntry*> compared_;
  std::vector<Run> runs_;
  /// How much has been read, in this phase.
  std::size_t read_ = 0;
  std::size_t lines_ = 0;
  /// Hash and offset of each sample of these.
  std::vector<std::pair<std::uint64_t, std::size_t>> suspects_;
  enum class Phase { index, compare, ready } phase_ = Phase::index;

  Place place_;
};

}  // namespace pushmetrics
