// How jemalloc keeps memory; read by it before main() (jemalloc.net, "malloc_conf").
#include <jemalloc/jemalloc.h>

// What one thread allocates another often frees (a message goes from connection to mapping to
// applying), so arenas are few; threads keep small objects alone, and what stands idle goes back to
// the system within a fifth of a second: hospitals count the memory of an engine that mostly waits.
extern "C" {
const char* malloc_conf =
    "narenas:2,tcache_max:1024,lg_tcache_nslots_mul:-2,dirty_decay_ms:200,muzzy_decay_ms:0";
}
