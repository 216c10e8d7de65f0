// Counts how often each word of its input occurs, as `LC_ALL=C tr -s '[:space:]' '\n' | sort | uniq -c` does, most frequent first: a map and
// a reduce. The input is cut into pieces between words; calls of this same function count one piece each, side by side where there is
// room, and give back a table in an output window; the tables are read where they lie. ?part=1 gives the table of a piece, ?merge=1 adds up
// such tables: so a pipeline does the same (wordfreq.toml).
#include "inlay.hpp"

namespace {

constexpr uint32_t kPieceBytesMin = 1 << 20;
constexpr uint32_t kPiecesMax = 64;
constexpr uint32_t kWasmPage = 65536;

// Own memory, never given back. nullptr: there is no more.
template <typename T>
T* allocate(uint64_t count) {
    uint64_t pages = (count * sizeof(T) + kWasmPage - 1) / kWasmPage;
    uint32_t at = pages < kWasmPage ? __builtin_wasm_memory_grow(0, static_cast<uint32_t>(pages)) : UINT32_MAX;
    return at == UINT32_MAX ? nullptr : reinterpret_cast<T*>(at * kWasmPage);
}

bool is_space(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

struct Word {
    const uint8_t* text;  // In a window, or in a table of one.
    uint32_t length;
    uint32_t hash;
    uint64_t count;       // 0: no word.
};

// Where they differ first, or `length`.
uint32_t difference(const uint8_t* a, const uint8_t* b, uint32_t length) {
    uint32_t at = 0;
    while (at < length && a[at] == b[at]) at++;
    return at;
}

bool same(const Word& a, const Word& b) {
    return a.hash == b.hash && a.length == b.length && difference(a.text, b.text, a.length) == a.length;
}

// More frequent first, then in the order of bytes.
bool comes_before(const Word& a, const Word& b) {
    if (a.count != b.count) return a.count > b.count;
    uint32_t shorter = a.length < b.length ? a.length : b.length, at = difference(a.text, b.text, shorter);
    return at < shorter ? a.text[at] < b.text[at] : a.length < b.length;
}

// Words by hash, open addressing, at most half full.
class Table {
  public:
    // False: there is no memory.
    bool add(const Word& word) {
        if (2 * (used_ + 1) > size_ && !grow()) return false;
        Word& place = find(word);
        if (place.count == 0) {
            place = word;
            used_++;
        } else {
            place.count += word.count;
        }
        return true;
    }
    // Moves all words to the front: no more can be added.
    inlay::Span<Word> gather() {
        uint32_t to = 0;
        for (uint32_t i = 0; i < size_; i++)
            if (words_[i].count != 0) words_[to++] = words_[i];
        return {words_, used_};
    }

  private:
    Word& find(const Word& word) {
        uint32_t at = word.hash & (size_ - 1);
        while (words_[at].count != 0 && !same(words_[at], word)) at = (at + 1) & (size_ - 1);
        return words_[at];
    }
    bool grow() {
        inlay::Span<Word> old(words_, size_);
        Word* larger = allocate<Word>(size_ ? uint64_t{size_} * 2 : 4096);
        if (!larger) return false;
        words_ = larger;
        size_ = size_ ? size_ * 2 : 4096;
        for (const Word& word : old)
            if (word.count != 0) find(word) = word;
        return true;
    }

    Word* words_ = nullptr;
    uint32_t size_ = 0;
    uint32_t used_ = 0;
};

bool count_words(inlay::Bytes text, Table& table) {
    const uint8_t *at = text.begin(), *end = text.end();
    while (true) {
        while (at < end && is_space(*at)) at++;
        if (at == end) return true;
        Word word{at, 0, 2166136261u, 1};
        for (; at < end && !is_space(*at); at++) word.hash = (word.hash ^ *at) * 16777619u;
        word.length = static_cast<uint32_t>(at - word.text);
        word.hash ^= word.hash >> 15;
        if (!table.add(word)) return false;
    }
}

// ---- the table of a piece, as it goes to whoever asked for it: for each word its Word without a text, then its bytes, to a multiple of 8.

uint32_t padded(uint32_t length) { return (length + 7) & ~7u; }

inlay::Answer answer_table(inlay::Bytes text) {
    Table table;
    if (!count_words(text, table)) return inlay::Answer(inlay_fail(413, "the words need more memory than there is"));
    auto words = table.gather();
    uint64_t bytes = 0;
    for (const Word& word : words) bytes += sizeof(Word) + padded(word.length);
    INLAY_TRY(inlay::Output output, inlay::Output::create(bytes));
    uint8_t* to = output.bytes().data();
    for (const Word& word : words) {
        *reinterpret_cast<Word*>(to) = word;
        __builtin_memcpy(to + sizeof(Word), word.text, word.length);
        to += sizeof(Word) + padded(word.length);
    }
    return inlay::respond("application/octet-stream", static_cast<inlay::Output&&>(output));
}

bool add_table(inlay_range window, Table& table) {
    auto *at = reinterpret_cast<const uint8_t*>(window.address), *end = at + window.length;
    while (at < end) {
        Word word = *reinterpret_cast<const Word*>(at);
        word.text = at + sizeof(Word);
        if (!table.add(word)) return false;
        at = word.text + padded(word.length);
    }
    return true;
}

// ---- sorting, without anybody's library: heapsort, in place.

void sink(inlay::Span<Word> words, uint32_t at, uint32_t size) {
    for (uint32_t child; (child = 2 * at + 1) < size; at = child) {
        if (child + 1 < size && comes_before(words[child], words[child + 1])) child++;
        if (!comes_before(words[at], words[child])) return;
        Word other = words[at];
        words[at] = words[child];
        words[child] = other;
    }
}

void sort(inlay::Span<Word> words) {
    for (uint32_t i = words.size() / 2; i-- > 0;) sink(words, i, words.size());
    for (uint32_t size = words.size(); size > 1; size--) {
        Word last = words[size - 1];
        words[size - 1] = words[0];
        words[0] = last;
        sink(words, 0, size - 1);
    }
}

uint32_t digits_of(uint64_t number, char (&digits)[20]) {
    uint32_t count = 0;
    do digits[19 - count++] = static_cast<char>('0' + number % 10);
    while (number /= 10);
    return count;
}

// "COUNT WORD\n" for each.
inlay::Answer answer_text(inlay::Span<Word> words) {
    char digits[20];
    uint64_t bytes = 0;
    for (const Word& word : words) bytes += digits_of(word.count, digits) + word.length + 2;
    INLAY_TRY(inlay::Output output, inlay::Output::create(bytes));
    uint8_t* to = output.bytes().data();
    for (const Word& word : words) {
        uint32_t count = digits_of(word.count, digits);
        __builtin_memcpy(to, digits + 20 - count, count);
        to[count] = ' ';
        __builtin_memcpy(to + count + 1, word.text, word.length);
        to += count + 1 + word.length;
        *to++ = '\n';
    }
    return inlay::respond("text/plain", static_cast<inlay::Output&&>(output));
}

inlay::Answer answer_words(Table& table) {
    auto words = table.gather();
    sort(words);
    return answer_text(words);
}

// ---- the whole

// Where the piece ends that begins there: between two words, or at the end.
uint32_t piece_end(inlay::Bytes text, uint32_t begin, uint32_t length) {
    if (text.size() - begin <= length) return text.size();
    uint32_t end = begin + length;
    while (end < text.size() && !is_space(text[end])) end++;
    return end;
}

inlay::Answer answer_whole(inlay::Bytes text) {
    char name[256];
    int32_t name_length = inlay_request(INLAY_PART_FUNCTION, nullptr, 0, name, sizeof name);
    uint32_t each = text.size() / kPiecesMax;
    if (each < kPieceBytesMin) each = kPieceBytesMin;
    uint32_t pieces = 0;
    for (uint32_t begin = 0; begin < text.size(); pieces++) {
        uint32_t end = piece_end(text, begin, each);
        inlay_range piece{static_cast<uint32_t>(reinterpret_cast<uintptr_t>(text.data())) + begin, end - begin};
        int32_t child = inlay_spawn(name, static_cast<uint32_t>(name_length), "part=1", 6, &piece, 1);
        if (child < 0) return inlay::Error{child};
        begin = end;
    }
    Table table;
    for (uint32_t i = 0; i < pieces; i++) {
        inlay_result result;
        inlay_range window;
        if (inlay_wait_any(nullptr, 0, &result) < 0 || result.ending != INLAY_ENDING_COMPLETED || result.status != 200)
            return inlay::Answer(inlay_fail(500, "a piece could not be counted"));
        if (result.count == 0) continue;
        if (int32_t code = inlay_map(result.first, 0, result.size, 0, &window); code < 0) return inlay::Error{code};
        if (!add_table(window, table)) return inlay::Answer(inlay_fail(413, "the words need more memory than there is"));
    }
    return answer_words(table);
}

// The same of tables that others have had made: all inputs of a call.
inlay::Answer answer_merged() {
    Table table;
    for (uint32_t i = 0;; i++) {
        inlay_source source;
        inlay_range window;
        int32_t code = inlay_call_input(i, &source);
        if (code == INLAY_E_ABSENT) return answer_words(table);
        if (code < 0) return inlay::Error{code};
        if (source.size == 0) continue;
        if (code = inlay_map(source.id, 0, source.size, 0, &window); code < 0) return inlay::Error{code};
        if (!add_table(window, table)) return inlay::Answer(inlay_fail(413, "the words need more memory than there is"));
    }
}

bool has_parameter(const char* name, uint32_t length) {
    char value[8];
    return inlay_request(INLAY_PART_PARAMETER, name, length, value, sizeof value) >= 0;
}

}  // namespace

INLAY_ANSWER {
    if (has_parameter("merge", 5)) return answer_merged();
    INLAY_TRY(inlay::Window input, inlay::map_input());
    return has_parameter("part", 4) ? answer_table(input.bytes()) : answer_whole(input.bytes());
}
