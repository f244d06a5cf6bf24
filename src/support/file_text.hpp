#pragma once

#include "support/result.hpp"

#include <string>
#include <string_view>

namespace pushmetrics {

/// The whole text of a file or a stream. A large file is mapped, not copied.
class FileText {
 public:
  /// `-` is standard input.
  static Result<FileText> read(const std::string& path);

  FileText(FileText&& other) noexcept;
  FileText& operator=(FileText&&) = delete;
  FileText(const FileText&) = delete;
  FileText& operator=(const FileText&) = delete;
  ~FileText();

  /// Of a mapped file, lets the first `bytes` leave the memory; they are read again when they are looked at.
  void let_go(std::size_t bytes) const;

  std::string_view text() const { return mapped_.data() != nullptr ? mapped_ : std::string_view(copied_); }

 private:
  FileText() = default;

  std::string copied_;
  std::string_view mapped_;
};

}  // namespace pushmetrics
