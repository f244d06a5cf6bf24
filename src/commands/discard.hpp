#pragma once

#include "cli/console.hpp"
#include "cli/option_table.hpp"
#include "delivery/spool.hpp"
#include "pushgateway/group_filter.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// `flush --discard`: which of the spooled pushes are dropped.
struct DiscardOptions {
  bool is_given = false;
  /// Of the target's name; one of them has to match. None: any target.
  std::vector<std::string> targets;
  std::vector<std::string> conditions;
  GroupFilter filter;
  bool dry_run = false;
  bool yes = false;
  bool json = false;

  /// An option that is given although it means nothing without --discard; empty: none is.
  std::string_view misplaced() const;
};

/// The group "Discarding" of --help.
OptionGroup describe(DiscardOptions& options);

/// Drops the selected pushes, after a confirmation, and prints them. The exit status.
int discard_pushes(const DiscardOptions& options, const Spool& spool, const Console& console);

}  // namespace pushmetrics
