// Ballast: disk space held back, so that a full disk can still be emptied.
//
// Deleting needs room too: the catalog writes its log before it frees anything. When a commit meets a full disk the ballast is
// thrown off and the commit tried again; afterwards it is taken on again, as soon as there is room for it.
#pragma once

#include <string>

#include "base/result.hpp"
#include "os/fd.hpp"

namespace inlay::store {

class Ballast {
  public:
    // Opens DIR; takes nothing on yet.
    static Result<Ballast> create(const std::string& directory);

    // Holds kBallastBytes back. Does nothing while they are held or where there is no room.
    void take_on();
    // Gives them back. False: there were none.
    bool throw_off();

  private:
    explicit Ballast(os::Fd directory) : directory_(std::move(directory)) {}

    os::Fd directory_;
    bool held_ = false;
};

}  // namespace inlay::store
