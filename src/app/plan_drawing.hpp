// PlanDrawing: a pipeline as a picture: content on the left, steps in the order of their stages, the result on the right.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "registry/plan.hpp"

namespace inlay::cli {

class PlanDrawing {
  public:
    explicit PlanDrawing(const registry::Plan& plan);

    // One line for each step, by stages: steps of one stage run side by side.
    std::string text() const;
    // For Graphviz (https://graphviz.org/doc/info/lang.html).
    std::string dot(std::string_view name) const;
    // SVG 1.1, with nothing that is loaded from elsewhere.
    std::string svg(std::string_view name) const;

  private:
    struct Node {
        std::string name;
        std::vector<std::string> lines;  // Below the name.
        size_t stage = 0;                // From 0: content that is there before.
        bool is_step = false;
    };
    struct Edge {
        size_t from = 0, to = 0;
        bool is_content = true;  // Else it only waits.
    };

    size_t node_of(const std::string& name, size_t stage);
    void add_edge(size_t from, size_t to, bool is_content);
    size_t add_source(const registry::Plan& plan, const registry::PlanSource& source);
    void add_step(const registry::Plan& plan, size_t step);

    std::vector<Node> nodes_;
    std::vector<Edge> edges_;
    std::vector<size_t> node_of_step_;
};

// "for each of 3", "for each piece of request, by lines, 1000000 bytes"; empty: it is called once.
std::string describe_each(const registry::Plan& plan, const registry::Each& each);

}  // namespace inlay::cli
