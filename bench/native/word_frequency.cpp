// Counts words as examples/wordfreq.toml does, natively: pieces of a mapped file, one process for each of them, and their tables added up.
//
//     word_frequency FILE
//         count PROCESSES      seconds from the first fork to the sorted list, and how many words there are in it
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <string_view>
#include <unordered_map>

#include "commands.hpp"

namespace {

using bench::require;
using Table = std::unordered_map<std::string_view, uint64_t>;

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

void count(std::string_view text, Table& table) {
    for (size_t at = 0; at < text.size();) {
        while (at < text.size() && is_space(text[at])) at++;
        const size_t begin = at;
        while (at < text.size() && !is_space(text[at])) at++;
        if (at > begin) table[text.substr(begin, at - begin)]++;
    }
}

// Where the piece ends that would end there: behind a word.
size_t end_of_piece(std::string_view text, size_t at) {
    while (at < text.size() && !is_space(text[at])) at++;
    return at;
}

// What a process hands over: for each word where it lies in the file, its length, and how often it is there. Shared memory: nothing is sent.
struct Entry {
    uint64_t offset, length, count;
};

constexpr size_t kEntriesMax = 1 << 20;

class Pieces {
  public:
    Pieces(std::string_view text, uint64_t processes) : text_(text), processes_(processes) {
        void* made = ::mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        require(made != MAP_FAILED, "mmap");
        entries_ = static_cast<Entry*>(made);
    }
    ~Pieces() { ::munmap(entries_, bytes()); }
    Pieces(const Pieces&) = delete;
    Pieces& operator=(const Pieces&) = delete;

    // Returns without waiting.
    void count_aside(uint64_t piece, size_t begin, size_t end) {
        const pid_t child = ::fork();
        require(child >= 0, "fork");
        if (child > 0) return;
        Table table;
        count(text_.substr(begin, end - begin), table);
        Entry* to = entries_ + piece * kEntriesMax;
        if (table.size() >= kEntriesMax) ::_exit(1);
        for (const auto& [word, times] : table) *to++ = {static_cast<uint64_t>(word.data() - text_.data()), word.size(), times};
        ::_exit(0);
    }
    void add_to(Table& table) const {
        for (uint64_t piece = 0; piece < processes_; piece++)
            for (const Entry* entry = entries_ + piece * kEntriesMax; entry->count > 0; entry++)
                table[text_.substr(entry->offset, entry->length)] += entry->count;
    }

  private:
    size_t bytes() const { return processes_ * kEntriesMax * sizeof(Entry); }

    std::string_view text_;
    uint64_t processes_;
    Entry* entries_;
};

std::string measure(std::string_view text, uint64_t processes) {
    const uint64_t began_ns = bench::clock_ns();
    Pieces pieces(text, processes);
    size_t begin = 0;
    for (uint64_t i = 0; i < processes; i++) {
        const size_t end = end_of_piece(text, text.size() / processes * (i + 1) + (i + 1 == processes ? text.size() % processes : 0));
        pieces.count_aside(i, begin, end);
        begin = end;
    }
    for (uint64_t i = 0; i < processes; i++) {
        int status = 0;
        require(::wait(&status) > 0 && status == 0, "a process that counts");
    }
    Table table;
    pieces.add_to(table);
    std::vector<std::pair<std::string_view, uint64_t>> words(table.begin(), table.end());
    std::sort(words.begin(), words.end(), [](const auto& a, const auto& b) { return a.second != b.second ? a.second > b.second : a.first < b.first; });
    return std::to_string(static_cast<double>(bench::clock_ns() - began_ns) / 1e9) + " " + std::to_string(words.size());
}

}  // namespace

int main(int argc, char** argv) {
    require(argc == 2, "usage: word_frequency FILE");
    const int file = ::open(argv[1], O_RDONLY | O_CLOEXEC);
    struct stat status {};
    require(file >= 0 && ::fstat(file, &status) == 0, argv[1]);
    const auto size = static_cast<size_t>(status.st_size);
    void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    require(mapped != MAP_FAILED, "mmap");
    const std::string_view text(static_cast<const char*>(mapped), size);
    bench::serve_commands({{"count", [&](uint64_t processes, uint64_t) { return measure(text, processes); }}});
}
