// For tests: a directory that looks like the /proc and /sys of a machine.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace inlay::os {

class FakeMachine {
  public:
    FakeMachine() {
        std::string path = (std::filesystem::temp_directory_path() / "inlay-machine-XXXXXX").string();
        root_ = ::mkdtemp(path.data());
    }
    ~FakeMachine() { std::filesystem::remove_all(root_); }
    FakeMachine(const FakeMachine&) = delete;
    FakeMachine& operator=(const FakeMachine&) = delete;

    const std::string& root() const { return root_; }
    void file(const std::string& path, const std::string& content) {
        std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
        std::ofstream(root_ + path) << content;
    }

  private:
    std::string root_;
};

}  // namespace inlay::os
