#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace pushmetrics {

/// Words that are 0 at first, for a table that is looked up all over: many of them lie in large pages, where
/// the system has such, so that neither the first touch nor the lookup costs a page each. Throws
/// std::bad_alloc.
class ZeroedWords {
 public:
  ZeroedWords() = default;
  explicit ZeroedWords(std::size_t count);

  std::uint64_t& operator[](std::size_t index) { return words_.get()[index]; }
  std::size_t size() const { return words_.get_deleter().count; }
  std::span<const std::uint64_t> all() const { return {words_.get(), size()}; }

 private:
  struct Release {
    std::size_t count;
    void operator()(std::uint64_t* words) const;
  };
  std::unique_ptr<std::uint64_t, Release> words_;
};

}  // namespace pushmetrics
