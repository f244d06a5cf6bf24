#pragma once

#include <string>
#include <utility>
#include <variant>

namespace pushmetrics {

/// Why something could not be done, as one sentence without a final full stop, fit for a person to read.
struct Error {
  std::string message;
  int number = 0;  ///< the errno that it stands for, where it does
};

/// A value, or the reason why there is none. What the caller cannot mend is thrown instead.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() { return std::get<0>(state_); }
  const T& operator*() const { return std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const std::string& error() const { return std::get<1>(state_).message; }
  int error_number() const { return std::get<1>(state_).number; }

 private:
  std::variant<T, Error> state_;
};

}  // namespace pushmetrics
