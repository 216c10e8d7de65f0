// Own bytes first, then pages that double.
#include "run/wasi_spool.hpp"

#include <algorithm>
#include <cstring>

#include "os/file.hpp"
#include "os/mapping.hpp"
#include "run/host_api.hpp"

namespace inlay::run::wasi {
namespace {

constexpr uint64_t kFirstPagesBytes = 1 * MiB;
constexpr size_t kZerosBytes = 64 * KiB;

}  // namespace

int32_t Spool::make_room(Invocation& invocation, uint64_t size) {
    if (!pages_ && size <= inline_max_) return kSuccess;
    const uint64_t capacity = pages_ ? pages_->size() : 0;
    if (size <= capacity) return kSuccess;
    const uint64_t others = invocation.output_bytes, limit = invocation.limits().output_bytes;  // What is replaced lives on until the end, in a lane's worker.
    if (others > limit || size > limit - others) {
        invocation.meet(&FunctionLimits::output_bytes);
        return kDquot;
    }
    const uint64_t wanted = std::min(std::max({size, 2 * capacity, kFirstPagesBytes, next_bytes_}), std::max(size, limit - others));
    if (invocation.terms.is_in_worker() && others + wanted > kExpressOutputBytesMax && invocation.may_begin_again()) return engine::kStopGuest;
    auto pages = invocation.supply.create_output(os::round_up(wanted, os::page_size()));
    if (!pages.ok()) {
        code_of_no_output(invocation, pages.error());
        return kNospc;
    }
    const std::string_view held = pages_ ? pages_->view().substr(0, size_) : std::string_view(bytes_);
    if (held.size() != this->size() || !os::write_all_at((*pages)->fd(), held, 0).ok()) return kIo;  // COPY: wasi, into the larger pages
    invocation.cost.copied.wasi += held.size();
    invocation.output_bytes = others + (*pages)->size();
    size_ = held.size();
    pages_ = std::move(pages).value();
    bytes_.clear();
    bytes_.shrink_to_fit();
    return kSuccess;
}

int32_t Spool::write(Invocation& invocation, uint64_t offset, std::string_view bytes) {
    if (bytes.empty()) return kSuccess;
    if (offset > UINT64_MAX - bytes.size()) return kFbig;
    const uint64_t end = std::max<uint64_t>(size(), offset + bytes.size());
    if (int32_t code = make_room(invocation, end); code != kSuccess) return code;
    invocation.cost.copied.wasi += bytes.size();
    if (!pages_) {
        bytes_.resize(end);
        std::memcpy(bytes_.data() + offset, bytes.data(), bytes.size());  // COPY: wasi, what a program writes
        return kSuccess;
    }
    if (!os::write_all_at(pages_->fd(), bytes, offset).ok()) return kFault;  // COPY: wasi, what a program writes
    size_ = end;
    return kSuccess;
}

int32_t Spool::resize(Invocation& invocation, uint64_t size) {
    if (int32_t code = make_room(invocation, size); code != kSuccess) return code;
    if (!pages_) {
        bytes_.resize(size);
        return kSuccess;
    }
    // What was cut off must not show again when it grows.
    static constexpr char kZeros[kZerosBytes] = {};
    for (uint64_t at = size; at < size_; at += kZerosBytes)
        if (!os::write_all_at(pages_->fd(), {kZeros, std::min<uint64_t>(kZerosBytes, size_ - at)}, at).ok()) return kIo;
    size_ = size;
    return kSuccess;
}

bool Spool::read(Invocation& invocation, uint64_t offset, std::span<uint8_t> to) const {
    invocation.cost.copied.wasi += to.size();
    if (pages_) return os::read_exactly_at(pages_->fd(), to.data(), to.size(), offset).ok();  // COPY: wasi, what it reads again
    if (!to.empty()) std::memcpy(to.data(), bytes_.data() + offset, to.size());               // COPY: wasi, what it reads again
    return true;
}

void Spool::adopt(std::shared_ptr<const os::Pages> pages, uint64_t size) {
    pages_ = std::move(pages);
    size_ = size;
}

Piece Spool::take(Invocation& invocation) {
    Piece piece;
    if (pages_ && size_ > 0) {
        piece.length = size_;
        next_bytes_ = 2 * pages_->size();
        const auto& outputs = invocation.outputs;
        if (std::find(outputs.begin(), outputs.end(), pages_) == outputs.end()) invocation.outputs.push_back(pages_);
        piece.pages = std::move(pages_);
    } else {
        piece.bytes = std::move(bytes_);
    }
    bytes_.clear();
    pages_.reset();
    size_ = 0;
    return piece;
}

}  // namespace inlay::run::wasi
