// SourceTree: what lies in a project's directory, and what has become of it since it was looked at last.
//
// Left out is what is made from sources, and what is nobody's work: names that begin with "." or "#" or end in "~", inlay-sdk,
// node_modules, target, lock files that builds write, and what the project says is made. Symbolic links to directories are not followed. Bounded: of more than
// kSourceFilesMax files those that come first by name are looked at, and is_cut() says so.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace inlay::cli {

inline constexpr size_t kSourceFilesMax = 20'000;
inline constexpr size_t kSourceDepthMax = 32;

class SourceTree {
  public:
    // `made`: a file or directory below `root` that builds write to.
    SourceTree(std::string root, std::string made) : root_(std::move(root)), made_(std::move(made)) {}

    // Looks. Gives the files that are new, changed or gone since the last look, from `root`, by name; at the first look all of them.
    // `enter` is told of each directory before its entries are read, so that nothing is missed which is written meanwhile.
    std::vector<std::string> look(const std::function<void(const std::string& directory)>& enter);

    // From the next look on it is this that builds write to.
    void leave_out(std::string made) { made_ = std::move(made); }

    bool is_cut() const { return cut_; }

  private:
    struct Stamp {
        int64_t modified = 0;
        uint64_t size_bytes = 0;
        friend bool operator==(const Stamp&, const Stamp&) = default;
    };
    using Stamps = std::map<std::string, Stamp>;

    void add_directory(const std::string& below, size_t depth, const std::function<void(const std::string&)>& enter);
    bool is_left_out(const std::string& name, const std::string& path) const;

    std::string root_;
    std::string made_;
    Stamps stamps_;
    bool cut_ = false;
};

}  // namespace inlay::cli
