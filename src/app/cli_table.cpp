// Lays out a table.
#include "app/cli_table.hpp"

#include <algorithm>

#include "app/cli_encoding.hpp"
#include "base/check.hpp"

namespace inlay::cli {
namespace {

// Columns taken on a terminal, near enough: one for each character of UTF-8.
size_t width_of(std::string_view text) {
    return static_cast<size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

void Table::add_row(std::vector<std::string> cells) {
    INLAY_CHECK(cells.size() == columns_.size());
    for (auto& cell : cells) cell = printable(cell);
    rows_.push_back(std::move(cells));
}

std::string Table::line(const std::vector<std::string>& cells, const std::vector<size_t>& widths) const {
    std::string out;
    for (size_t i = 0; i < cells.size(); i++) {
        std::string space(widths[i] - width_of(cells[i]), ' ');
        if (i > 0) out += "  ";
        out += columns_[i].align == Align::right ? space + cells[i] : cells[i] + space;
    }
    out.erase(out.find_last_not_of(' ') + 1);
    return out + "\n";
}

std::string Table::text() const {
    std::vector<std::string> titles;
    std::vector<size_t> widths;
    for (const auto& column : columns_) {
        titles.push_back(column.title);
        widths.push_back(width_of(column.title));
    }
    for (const auto& row : rows_)
        for (size_t i = 0; i < row.size(); i++) widths[i] = std::max(widths[i], width_of(row[i]));
    std::string out = line(titles, widths);
    for (const auto& row : rows_) out += line(row, widths);
    return out;
}

}  // namespace inlay::cli
