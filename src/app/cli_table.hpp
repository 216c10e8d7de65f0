// A table of text with aligned columns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace inlay::cli {

class Table {
  public:
    enum class Align { left, right };
    struct Column {
        std::string title;
        Align align = Align::left;
    };

    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

    // Requires: one cell for each column. Cells are made safe to show on a terminal.
    void add_row(std::vector<std::string> cells);
    // The titles and the rows, two spaces between columns, each line with a newline. Titles alone for no rows.
    std::string text() const;

  private:
    std::string line(const std::vector<std::string>& cells, const std::vector<size_t>& widths) const;

    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace inlay::cli
