#pragma once

#include "cli/option_table.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pushmetrics {

/// The candidate that `word` is a misspelling or the unique beginning of; empty if none is close enough.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

/// What to do about an argument that is no option of `subcommand`: the nearest option, or the one that other
/// tools call so. Empty if nothing is close.
std::string hint_for_unknown_option(std::string_view argument, const OptionTable& table);

}  // namespace pushmetrics
