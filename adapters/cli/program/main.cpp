#include <cli/run.hpp>
#include <core/log.hpp>

int main(int argc, char** argv) {
  core::configure_log_from_environment();
  return cli::run(argc, argv);
}
