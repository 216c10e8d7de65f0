// ContentBehind: has the supervisor write a PUT's content to its file while it arrives, so that the commit finds most of it there.
//
// The worker says how much has come, in whole pieces and one question at a time; the supervisor writes it from the same pages.
// Where that fails for another reason than a full disk, the content is written as if it had not been tried.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "serve/worker.hpp"

namespace inlay::serve {

class ContentBehind {
  public:
    explicit ContentBehind(Worker& worker) : worker_(worker) {}
    // What no commit has taken is dropped.
    ~ContentBehind();
    ContentBehind(const ContentBehind&) = delete;
    ContentBehind& operator=(const ContentBehind&) = delete;

    // The first `received` bytes of `expected` (nullopt: of nobody knows how many) lie in the memfd `pages` and will not change.
    // Errors: no_space.
    Result<> arrived(int pages, uint64_t received, std::optional<uint64_t> expected);
    // What a commit may name instead of the pages. 0: nothing.
    uint64_t begun() const;

  private:
    // Lives on until the latest question is answered.
    struct Upload {
        uint64_t number = 0;
        uint64_t received = 0;
        uint64_t told = 0;
        bool asking = false;
        bool ended = false;
        std::optional<Error> failure;
    };

    void begin(int pages, uint64_t expected);
    static void ask(Worker& worker, const std::shared_ptr<Upload>& upload, registry::Call which, std::string fields, const std::vector<int>& fds);
    static void tell(Worker& worker, const std::shared_ptr<Upload>& upload);

    Worker& worker_;
    std::shared_ptr<Upload> upload_;
};

}  // namespace inlay::serve
