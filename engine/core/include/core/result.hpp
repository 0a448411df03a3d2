#pragma once
#include <core/error.hpp>
#include <tl/expected.hpp>

#include <string>
#include <utility>

namespace core {

/// A value or an Error. Bad data and bad environment travel this way; exceptions never cross
/// modules.
template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

/// Makes the error side: `return core::fail(core::ErrorCode::kIo, "cannot open journal");`
inline tl::unexpected<Error> fail(ErrorCode code, std::string detail, std::string where = {}) {
  return tl::unexpected<Error>(Error{code, std::move(detail), std::move(where)});
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace core
