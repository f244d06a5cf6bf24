#include "encoding/sample_reader.hpp"

#include "encoding/series_labels.hpp"
#include "metrics/exposition_writer.hpp"
#include "metrics/series_hash.hpp"
#include "support/text.hpp"

#include <algorithm>
#include <optional>

namespace pushmetrics {
namespace {

using Next = ExpositionHandler::Next;

/// A Pushgateway takes the last `le` or `quantile` of a bucket; a series cannot have a label twice. (Other labels are
/// never repeated in what has been checked.)
std::string repeated_label_problem(const ExpositionSample& sample) {
  if (!sample.has_roles) return {};
  for (const auto& [role, name] :
       {std::pair{LabelRole::le, "le"}, std::pair{LabelRole::quantile, "quantile"}})
    if (std::ranges::count(sample.labels, role, &RawLabel::role) > 1)
      return concat({series_words(to_sample(sample)), " has the label ", name, " twice: keep one"});
  return {};
}

/// Whether another sample may be the same series, although it is written otherwise, or the same bound.
bool may_repeat(const ExpositionSample& sample, const FamilyEntry& family) {
  return std::ranges::any_of(sample.labels, [&](const RawLabel& label) {
    return label.value.empty() || (label.role != LabelRole::none && is_bound(family.type, label.name));
  });
}

std::uint64_t hash_of(MetricType type, const Sample& sample) {
  std::uint64_t hash = 0;
  for (const Label& label : scraped_series(type, sample))
    hash = hash_bytes(label.value, hash_bytes(label.name, hash));
  return hash;
}

}  // namespace

/// The first reading.
class SampleReader::Indexer : public ExpositionHandler {
 public:
  explicit Indexer(SampleReader& reader) : reader_(reader) {}

  void on_metadata(const ExpositionLine& line, const ExpositionMetadata& metadata) override {
    reader_.body_.add(line, metadata);
    if (!metadata.help.empty())
      reader_.help_.try_emplace(reader_.body_.families().find_or_add(metadata.name).family, metadata.help);
  }

  void on_sample(const ExpositionLine& line, const ExpositionSample& sample) override {
    const FamilyEntry& family = *reader_.body_.add(line, sample).family;
    if (problem_.empty()) problem_ = repeated_label_problem(sample);
    if (may_repeat(sample, family)) reader_.compared_.insert(&family);
    const bool is_whole = reader_.points_ == Points::whole && family.is_compound();
    const std::uint64_t series = is_whole ? reader_.body_.identify(sample, family).pushed : 0;
    std::vector<Run>& runs = reader_.runs_;
    if (!runs.empty() && runs.back().series == series) return;
    const std::size_t begin = runs.empty() ? 0 : reader_.offset_of(line.begin);
    if (!runs.empty()) runs.back().end = begin;
    runs.push_back({begin, reader_.push_.body.size(), series});
  }

  Next on_error(Diagnostic error) override {
    problem_ = concat({"its line ", std::to_string(reader_.lines_ + error.position.line),
                       " is not valid: ", error.message});
    return Next::stop;
  }

  std::string take_problem() { return std::move(problem_); }

 private:
  SampleReader& reader_;
  std::string problem_;
};

/// The second reading, only if there are empty labels, which Prometheus takes for missing ones, or bounds: a gateway
/// takes two buckets of one bound, be it written `1` and `1.0`.
class SampleReader::Comparer : public ExpositionHandler {
 public:
  explicit Comparer(SampleReader& reader) : reader_(reader) {}
  void on_sample(const ExpositionLine& line, const ExpositionSample& raw) override {
    const FamilyEntry& family = *reader_.body_.families().find_or_add(raw.name).family;
    if (!reader_.compared_.contains(&family)) return;
    Sample sample = to_sample(raw);
    sample.labels = reader_.push_.group.apply_to(std::move(sample.labels));
    reader_.suspects_.emplace_back(hash_of(family.type, sample), reader_.offset_of(line.begin));
  }
  Next on_error(Diagnostic) override { return Next::go_on; }

 private:
  SampleReader& reader_;
};

/// Samples by family, up to a limit.
class SampleReader::Batch : public ExpositionHandler {
 public:
  explicit Batch(SampleReader& reader) : reader_(reader) {}

  void on_sample(const ExpositionLine& line, const ExpositionSample& raw) override {
    if (has_end_ && is_full()) {
      if (!end_) end_ = reader_.offset_of(line.begin);
      return;
    }
    Sample sample = to_sample(raw);
    sample.labels = reader_.push_.group.apply_to(std::move(sample.labels));
    // At most so many bytes: tags, lengths, the value and the time.
    constexpr std::size_t of_label = 24, of_sample = 64;
    bytes_ += of_sample + sample.name.size();
    for (const Label& label : sample.labels) bytes_ += of_label + label.name.size() + label.value.size();
    ++count_;
    family_of(*reader_.body_.families().find_or_add(raw.name).family).samples.push_back(std::move(sample));
  }
  Next on_error(Diagnostic) override { return Next::go_on; }

  bool is_full() const { return count_ >= reader_.limits_.samples || bytes_ >= reader_.limits_.bytes; }
  bool is_over() const { return count_ > reader_.limits_.samples || bytes_ > reader_.limits_.bytes; }
  bool empty() const { return count_ == 0; }

  /// Where the samples end that were taken, if that is before the end of what was read.
  std::optional<std::size_t> read_until_full(std::string_view text) {
    has_end_ = true;
    end_.reset();
    read_exposition(text, Strictness::strict, *this);
    return end_;
  }
  void read_whole(std::string_view text) {
    has_end_ = false;
    read_exposition(text, Strictness::strict, *this);
  }

  struct Mark {
    std::size_t count, bytes;
  };
  Mark mark() const { return {count_, bytes_}; }
  /// Only if what has been read since is of one family.
  void undo(const Mark& mark) {
    std::vector<Sample>& samples = families_[last_family_].samples;
    samples.resize(samples.size() - (count_ - mark.count));
    count_ = mark.count;
    bytes_ = mark.bytes;
  }

  std::vector<Family> take() {
    std::erase_if(families_, [](const Family& family) { return family.samples.empty(); });
    return std::move(families_);
  }

 private:
  Family& family_of(const FamilyEntry& entry) {
    const auto [known, is_new] = index_.try_emplace(&entry, families_.size());
    if (is_new) {
      const auto help = reader_.help_.find(&entry);
      families_.push_back({.name = std::string(entry.name),
                           .type = entry.type,
                           .help = help == reader_.help_.end() ? "" : unescape_help(help->second),
                           .samples = {}});
    }
    last_family_ = known->second;
    return families_[last_family_];
  }

  SampleReader& reader_;
  std::vector<Family> families_;
  std::size_t last_family_ = 0;
  std::unordered_map<const FamilyEntry*, std::size_t> index_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
  bool has_end_ = false;
  std::optional<std::size_t> end_;
};

/// Copies samples, and before the first of a family its HELP and TYPE.
class SampleReader::Copier : public ExpositionHandler {
 public:
  Copier(SampleReader& reader, std::string& text) : reader_(reader), text_(text) {}

  void on_sample(const ExpositionLine& line, const ExpositionSample& sample) override {
    const FamilyEntry& family = *reader_.body_.families().find_or_add(sample.name).family;
    if (known_.insert(&family).second) {
      const auto help = reader_.help_.find(&family);
      append_metadata(text_, family.name, family.type,
                      help == reader_.help_.end() ? "" : unescape_help(help->second));
    }
    const std::string_view rest = std::string_view(reader_.push_.body).substr(reader_.offset_of(line.begin));
    text_ += rest.substr(0, rest.find('\n') + 1);
  }
  Next on_error(Diagnostic) override { return Next::go_on; }

 private:
  SampleReader& reader_;
  std::string& text_;
  std::unordered_set<const FamilyEntry*> known_;
};

/// Whole lines from `begin` on, of a size that is read in little time.
std::string_view SampleReader::piece(std::size_t begin, std::size_t end) const {
  constexpr std::size_t size = std::size_t{128} << 10;
  const std::string_view rest = std::string_view(push_.body).substr(begin, end - begin);
  return rest.size() <= size ? rest : rest.substr(0, rest.find('\n', size) + 1);
}

Result<bool> SampleReader::prepare() {
  switch (phase_) {
    case Phase::index:
      if (auto indexed = index_piece(); !indexed) return indexed.failure();
      break;
    case Phase::compare:
      compare_piece();
      if (phase_ == Phase::ready)
        if (auto found = find_same_series(); !found) return found.failure();
      break;
    case Phase::ready: break;
  }
  return phase_ == Phase::ready;
}

Result<void> SampleReader::index_piece() {
  const std::string_view text = piece(read_, push_.body.size());
  Indexer indexer(*this);
  read_exposition(text, Strictness::strict, indexer);
  if (std::string problem = indexer.take_problem(); !problem.empty()) return Failure{std::move(problem)};
  lines_ += static_cast<std::size_t>(std::ranges::count(text, '\n'));
  read_ += text.size();
  if (read_ < push_.body.size()) return {};
  if (runs_.empty() && !push_.body.empty()) runs_.push_back({0, push_.body.size(), 0});
  gather_scattered();
  read_ = 0;
  phase_ = compared_.empty() ? Phase::ready : Phase::compare;
  return {};
}

/// If the lines of a histogram are in several places, they are put side by side.
void SampleReader::gather_scattered() {
  if (points_ == Points::separate) return;
  std::vector<std::uint64_t> series;
  series.reserve(runs_.size());
  for (const Run& run : runs_)
    if (run.series != 0) series.push_back(run.series);
  std::ranges::sort(series);
  if (std::ranges::adjacent_find(series) != series.end()) std::ranges::stable_sort(runs_, {}, &Run::series);
  place_ = {0, runs_.empty() ? 0 : runs_.front().begin};
}

void SampleReader::compare_piece() {
  const std::string_view text = piece(read_, push_.body.size());
  Comparer comparer(*this);
  read_exposition(text, Strictness::strict, comparer);
  read_ += text.size();
  if (read_ == push_.body.size()) phase_ = Phase::ready;
}

Result<void> SampleReader::find_same_series() {
  std::ranges::sort(suspects_);
  for (std::size_t i = 1; i < suspects_.size(); ++i) {
    if (suspects_[i - 1].first != suspects_[i].first) continue;
    const Sample first = sample_at(suspects_[i - 1].second);
    const Sample second = sample_at(suspects_[i].second);
    const MetricType type = type_of(first);
    if (scraped_series(type, first) != scraped_series(type, second)) continue;
    return Failure{same_series_words(first, second)};
  }
  suspects_ = {};
  return {};
}

MetricType SampleReader::type_of(const Sample& sample) {
  return body_.families().find_or_add(sample.name).family->type;
}

Sample SampleReader::sample_at(std::size_t offset) const {
  class Taker : public ExpositionHandler {
   public:
    void on_sample(const ExpositionLine&, const ExpositionSample& raw) override { sample = to_sample(raw); }
    Next on_error(Diagnostic) override { return Next::stop; }
    Sample sample;
  } taker;
  const std::string_view rest = std::string_view(push_.body).substr(offset);
  read_exposition(rest.substr(0, rest.find('\n') + 1), Strictness::strict, taker);
  taker.sample.labels = push_.group.apply_to(std::move(taker.sample.labels));
  return std::move(taker.sample);
}

std::string SampleReader::gauge_histogram() {
  for (const FamilyEntry& family : body_.families().entries())
    if (family.type == MetricType::gauge_histogram && family.has_samples()) return std::string(family.name);
  return {};
}

std::vector<Family> SampleReader::next() {
  Batch batch(*this);
  while (!at_end() && !batch.is_full()) {
    const std::size_t before = place_.run;
    if (runs_[place_.run].series == 0)
      read_lines(batch);
    else
      read_unit(batch);
    if (place_.run == before) break;
  }
  return batch.take();
}

/// Goes on to the next run once this one has been read.
void SampleReader::read_lines(Batch& batch) {
  const Run& run = runs_[place_.run];
  while (place_.offset < run.end) {
    const std::string_view text = piece(place_.offset, run.end);
    if (const auto end = batch.read_until_full(text)) {
      place_.offset = *end;
      return;
    }
    place_.offset += text.size();
  }
  ++place_.run;
  if (!at_end()) place_.offset = runs_[place_.run].begin;
}

/// All runs of one histogram or summary; none, if it belongs into the next batch.
void SampleReader::read_unit(Batch& batch) {
  const Batch::Mark mark = batch.mark();
  const bool was_empty = batch.empty();
  const std::uint64_t series = runs_[place_.run].series;
  std::size_t run = place_.run;
  for (; run < runs_.size() && runs_[run].series == series; ++run)
    batch.read_whole(
        std::string_view(push_.body).substr(runs_[run].begin, runs_[run].end - runs_[run].begin));
  if (!was_empty && batch.is_over()) return batch.undo(mark);
  place_ = {run, run < runs_.size() ? runs_[run].begin : 0};
}

std::string SampleReader::text_from(Place place) {
  std::string text;
  Copier copier(*this, text);
  for (std::size_t run = place.run; run < runs_.size(); ++run) {
    const std::size_t begin = run == place.run ? place.offset : runs_[run].begin;
    read_exposition(std::string_view(push_.body).substr(begin, runs_[run].end - begin), Strictness::strict,
                    copier);
  }
  return text;
}

}  // namespace pushmetrics
