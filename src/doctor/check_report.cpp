#include "doctor/check_report.hpp"

#include "cli/json_document_version.hpp"
#include "support/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
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
  constexpr std::size_t level_width = 6;
  constexpr std::size_t check_width = 16;
  std::string out;
  for (const CheckReport& section : sections) {
    const std::string_view heading =
        section.target.empty() ? "this machine" : std::string_view(section.target);
    out.append(styled(heading, Style::bold, colours)).append("\n");
    for (const Finding& finding : section.findings) {
      const std::string_view level = to_string(finding.level);
      out.append("  ").append(styled(level, style_of(finding.level), colours));
      out.append(level_width - level.size(), ' ').append(finding.check);
      out.append(check_width - finding.check.size(), ' ').append(finding.message);
      if (!finding.remedy.empty()) out.append("; ").append(finding.remedy);
      out += '\n';
    }
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
