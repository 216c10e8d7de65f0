// What the processor can do, as one short digest.
#pragma once

#include <string>

namespace inlay::os {

// 16 hex digits that differ when the processor's features differ; compiled code is valid only under the same ones.
std::string processor_features_digest();

}  // namespace inlay::os
