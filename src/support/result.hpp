#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace pushmetrics {

/// The reason for a failure. Functions that can fail return a `Result`; whoever reports the failure prints
/// the message, and the hint on a separate line.
struct Failure {
  /// What failed and why: one sentence without a full stop, safe to print.
  std::string message;
  /// What to do about it; may be empty.
  std::string hint = {};
  /// Stable identifier of the kind of failure, such as `no-connection`; may be empty. Code and tests compare
  /// this, never the message.
  std::string_view id = {};
  /// The errno behind it, or 0.
  int error_number = 0;
};

/// A value, or the reason why there is none. Errors that the caller cannot handle are thrown instead.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() { return std::get<0>(state_); }
  const T& operator*() const { return std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }

  const Failure& failure() const { return std::get<1>(state_); }
  const std::string& error() const { return failure().message; }

 private:
  std::variant<T, Failure> state_;
};

/// Success, or the reason for the failure.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Failure failure) : failure_(std::move(failure)) {}

  explicit operator bool() const { return !failure_; }
  const Failure& failure() const { return *failure_; }
  const std::string& error() const { return failure_->message; }

 private:
  std::optional<Failure> failure_;
};

}  // namespace pushmetrics
