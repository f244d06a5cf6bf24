#pragma once

#include "support/result.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace pushmetrics {

/// The whole text of a file or a stream.
class FileText {
 public:
  enum class Form {
    mapped,  ///< a large file takes no memory, but changes when another process writes to it
    copied
  };
  /// `-` is standard input.
  static Result<FileText> read(const std::string& path, Form form);

  FileText(FileText&& other) noexcept;
  FileText& operator=(FileText&&) = delete;
  FileText(const FileText&) = delete;
  FileText& operator=(const FileText&) = delete;
  ~FileText();

  /// Drops the pages at the beginning of a mapped file from memory; they are read again on access. Does
  /// nothing for other texts.
  void drop_pages(std::string_view beginning) const;

  std::string take() && { return mapped_.data() != nullptr ? std::string(mapped_) : std::move(copied_); }

  std::string_view text() const { return mapped_.data() != nullptr ? mapped_ : std::string_view(copied_); }

 private:
  FileText() = default;

  std::string copied_;
  std::string_view mapped_;
};

}  // namespace pushmetrics
