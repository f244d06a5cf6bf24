#include "doctor/check_report.hpp"

#include "cli/json_document_version.hpp"
#include "support/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

namespace pushmetrics {
namespace {

std::string_view to_string(Finding::Level level) {
  switch (level) {
    case Finding::Level::ok: return "ok";
    case Finding::Level::warn: return "warn";
    case Finding::Level::fail: return "fail";
  }
  return "";
}

Style style_of(Finding::Level level) {
  switch (level) {
    case Finding::Level::ok: return Style::good;
    case Finding::Level::warn: return Style::warning;
    case Finding::Level::fail: return Style::bad;
  }
  return Style::plain;
}

std::ptrdiff_t count(const std::vector<CheckReport>& sections, Finding::Level level) {
  std::ptrdiff_t number = 0;
  for (const CheckReport& section : sections)
    number += std::ranges::count(section.findings, level, &Finding::level);
  return number;
}

/// The findings of one level, under a line for each target that has any.
std::string format_level(const std::vector<CheckReport>& sections, Finding::Level level, Colours colours) {
  constexpr std::size_t check_width = 16;
  std::string out;
  for (const CheckReport& section : sections) {
    bool is_first = true;
    for (const Finding& finding : section.findings) {
      if (finding.level != level) continue;
      const std::string_view target =
          section.target.empty() ? "this machine" : std::string_view(section.target);
      if (std::exchange(is_first, false))
        out.append("  ").append(styled(target, Style::bold, colours)).append("\n");
      out.append("    ").append(finding.check).append(check_width - finding.check.size(), ' ');
      out.append(finding.message).append("\n");
      if (!finding.remedy.empty())
        out.append(4 + check_width, ' ').append("hint: ").append(finding.remedy).append("\n");
    }
  }
  return out;
}

}  // namespace

void CheckReport::ok(std::string_view check, std::string message) {
  findings.push_back({Finding::Level::ok, check, std::move(message)});
}

void CheckReport::warn(std::string_view check, std::string message, std::string remedy) {
  findings.push_back({Finding::Level::warn, check, std::move(message), std::move(remedy)});
}

void CheckReport::fail(std::string_view check, std::string message, std::string remedy) {
  findings.push_back({Finding::Level::fail, check, std::move(message), std::move(remedy)});
}

bool is_healthy(const std::vector<CheckReport>& sections) {
  return std::ranges::all_of(sections, [](const CheckReport& section) {
    return std::ranges::none_of(section.findings,
                                [](const Finding& finding) { return finding.level == Finding::Level::fail; });
  });
}

std::string format_findings(const std::vector<CheckReport>& sections, Colours colours) {
  std::string out;
  for (const Finding::Level level : {Finding::Level::fail, Finding::Level::warn, Finding::Level::ok}) {
    const std::string findings = format_level(sections, level, colours);
    if (findings.empty()) continue;
    const std::string heading = concat({std::to_string(count(sections, level)), " ", to_string(level)});
    out.append(out.empty() ? "" : "\n").append(styled(heading, style_of(level), colours)).append("\n");
    out += findings;
  }
  return out;
}

std::string findings_json(const std::vector<CheckReport>& sections) {
  using Json = nlohmann::ordered_json;
  Json findings = Json::array();
  for (const CheckReport& section : sections)
    for (const Finding& finding : section.findings)
      findings.push_back({{"target", section.target.empty() ? Json(nullptr) : Json(section.target)},
                          {"check", finding.check},
                          {"status", to_string(finding.level)},
                          {"message", finding.message},
                          {"remedy", finding.remedy.empty() ? Json(nullptr) : Json(finding.remedy)}});
  const Json document{{"version", json_document_version},
                      {"healthy", is_healthy(sections)},
                      {"findings", std::move(findings)}};
  return document.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

}  // namespace pushmetrics
