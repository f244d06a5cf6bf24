#pragma once

namespace pushmetrics {

/// `"version"` of every JSON document that a subcommand prints (pushmetrics(1), JSON DOCUMENTS). Goes up when a key
/// is removed, or means something else; not when one is added.
constexpr int json_document_version = 1;

}  // namespace pushmetrics
