#pragma once

#include "formats/json_document.hpp"
#include "metrics/family.hpp"

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pushmetrics {
class GroupingKey;
}

namespace pushmetrics::json {

/// Puts the entries of a document together to families, as text at once, and adds to the findings what is wrong
/// with them.
class FamilyBuilder {
 public:
  /// `group`, where known, is what the families will be pushed to.
  FamilyBuilder(Findings& findings, const GroupingKey* group) : findings_(findings), group_(group) {}

  /// `"name": value`, where the document is an object.
  void add_member(const Node::Member& entry);
  /// Where the document is an array.
  void add_element(const Node& entry);
  /// In the order of their first entries.
  struct Built {
    std::string text;                ///< exposition text
    std::vector<std::size_t> lines;  ///< of the text, where each family begins
    std::vector<Offset> offsets;     ///< of their first entries
  };
  Built build() &&;

 private:
  /// Where an entry first gave something for its family.
  using Given = std::optional<Offset>;

  struct Series {
    std::uint64_t written;  ///< a hash
    std::uint64_t pushed;   ///< the same without the labels that a Pushgateway replaces
    Offset offset;
  };

  struct Known {
    std::string name;
    MetricType type = MetricType::gauge;
    std::string help = {};
    Given type_given = {};
    Given help_given = {};
    std::string samples = {};  ///< as text
    std::vector<Series> series = {};
  };

  struct Name {
    std::string_view text;
    Offset offset;
    /// Whether it was the entry's own key: then "name" within is too much.
    enum class From { document_key, name_key } from;
  };

  void error(Offset offset, std::initializer_list<std::string_view> message);
  void add(const Name& name, const Node& entry);
  void check_keys(const Name& name, const Node& entry);
  void refuse_second_keys(std::string_view name, const Node& object);
  void add_sample(Known& known, const Sample& sample, Offset offset);
  std::uint64_t pushed_series(const Sample& sample, std::uint64_t written) const;
  void refuse_second_series(Known& known);
  Known* family(const Name& name);
  void set_type(Known& known, const Node& node);
  std::optional<MetricType> read_type(std::string_view name, const Node& node);
  void set_help(Known& known, const Node& node);
  std::optional<double> read_value(std::string_view name, const Node& node);
  std::vector<Label> read_labels(std::string_view name, const Node& object);

  Findings& findings_;
  const GroupingKey* group_;
  std::deque<Known> known_;
  std::unordered_map<std::string_view, Known*> by_name_;
};

}  // namespace pushmetrics::json
