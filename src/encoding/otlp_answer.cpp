#include "encoding/otlp_answer.hpp"

#include "support/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace pushmetrics {
namespace {

using Json = nlohmann::json;

/// No message that is read here begins with such a byte in protobuf.
bool is_json(std::string_view body) {
  const std::string_view text = trim(body);
  return text.starts_with('{') || text.starts_with('[');
}

/// The fields of a Protocol Buffers message, one after the other.
class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view message) : rest_(message) {}

  struct Field {
    std::uint64_t number = 0;
    std::uint64_t varint = 0;
    std::string_view bytes;
  };
  /// None at the end, or if what follows is no field.
  std::optional<Field> next() {
    const auto tag = varint();
    if (!tag) return std::nullopt;
    Field field;
    field.number = *tag >> 3U;
    switch (*tag & 7U) {
      case 0: {
        const auto value = varint();
        if (!value) return std::nullopt;
        field.varint = *value;
        return field;
      }
      case 1: return take(field, 8);
      case 2: {
        const auto length = varint();
        return length ? take(field, *length) : std::nullopt;
      }
      case 5: return take(field, 4);
      default: return std::nullopt;
    }
  }

 private:
  std::optional<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80) return value;
    }
    return std::nullopt;
  }
  std::optional<Field> take(Field field, std::uint64_t length) {
    if (length > rest_.size()) return std::nullopt;
    field.bytes = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return field;
  }

  std::string_view rest_;
};

/// ExportMetricsServiceResponse { partial_success = 1 { int64 rejected_data_points = 1; string error_message = 2; } }
OtlpAnswer read_protobuf_answer(std::string_view body) {
  OtlpAnswer answer;
  ProtobufReader response(body);
  while (const auto outer = response.next()) {
    if (outer->number != 1) continue;
    ProtobufReader partial(outer->bytes);
    while (const auto field = partial.next()) {
      if (field->number == 1) answer.rejected_points = std::max(static_cast<long long>(field->varint), 0LL);
      if (field->number == 2) answer.message = printable(field->bytes);
    }
  }
  return answer;
}

/// google.rpc.Status { int32 code = 1; string message = 2; repeated Any details = 3; }
std::string read_protobuf_error(std::string_view body) {
  std::string message;
  bool has_code = false;
  ProtobufReader status(body);
  while (const auto field = status.next()) {
    if (field->number == 1) has_code = field->bytes.empty();
    if (field->number == 2) message = printable(field->bytes);
    if (field->number > 3) return {};  // it is some text
  }
  return has_code || body.starts_with('\x12') ? message : std::string();
}

OtlpAnswer read_json_answer(std::string_view body) {
  const Json document = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  const auto partial = document.is_object() ? document.find("partialSuccess") : document.end();
  if (partial == document.end() || !partial->is_object()) return {};
  OtlpAnswer answer;
  if (const auto rejected = partial->find("rejectedDataPoints"); rejected != partial->end()) {
    if (rejected->is_number_integer()) answer.rejected_points = rejected->get<long long>();
    if (rejected->is_string()) {
      const auto& digits = rejected->get_ref<const std::string&>();
      std::from_chars(digits.data(), digits.data() + digits.size(), answer.rejected_points);
    }
    answer.rejected_points = std::max(answer.rejected_points, 0LL);
  }
  if (const auto message = partial->find("errorMessage"); message != partial->end() && message->is_string())
    answer.message = printable(message->get_ref<const std::string&>());
  return answer;
}

std::string read_json_error(std::string_view body) {
  const Json document = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return {};
  const auto message = document.find("message");
  if (message == document.end() || !message->is_string()) return {};
  return printable(message->get_ref<const std::string&>());
}

}  // namespace

OtlpAnswer read_otlp_answer(std::string_view body) {
  return is_json(body) ? read_json_answer(body) : read_protobuf_answer(body);
}

std::string read_otlp_error(std::string_view body) {
  return is_json(body) ? read_json_error(body) : read_protobuf_error(body);
}

}  // namespace pushmetrics
