// The header in C++, twice.
#include "goo_allocator.h"
#include "goo_allocator.h"

#include <cstddef>
#include <list>
#include <new>
#include <string>

#include "check.h"

// An allocator for containers of the standard library over any GooAllocator.
template <typename T> struct Over {
    using value_type = T;
    GooAllocator *allocator;

    explicit Over(GooAllocator *allocator) : allocator(allocator) {}
    template <typename U> Over(const Over<U> &other) : allocator(other.allocator) {}

    T *allocate(std::size_t count) {
        void *memory = allocator->alloc(allocator, count * sizeof(T), alignof(T), GOO_ALLOC_DEFAULT);
        return memory == nullptr ? throw std::bad_alloc() : static_cast<T *>(memory);
    }
    void deallocate(T *memory, std::size_t count) {
        allocator->free(allocator, memory, count * sizeof(T), alignof(T));
    }
    bool operator==(const Over &other) const { return allocator == other.allocator; }
    bool operator!=(const Over &other) const { return allocator != other.allocator; }
};

int main() {
    GooAllocator *system = goo_system_allocator_create();
    GooPoolAllocator *pool = goo_pool_allocator_create(system, 64, alignof(std::max_align_t), 100);
    CHECK(pool != nullptr);
    GooAllocator *nodes = &pool->allocator;
    {
        std::list<std::string, Over<std::string>> names{Over<std::string>(nodes)};
        for (int i = 0; i < 1000; i++) {
            names.push_back("a name that is too long for a short string " + std::to_string(i));
        }
        names.remove_if([](const std::string &name) { return name.back() == '7'; });
        CHECK(names.size() == 900);
        CHECK(nodes->stats.allocation_count == 900);
    }
    CHECK(nodes->stats.allocation_count == 0);
    void *zeroed = nodes->alloc(nodes, 64, 8, GOO_ALLOC_ZERO | GOO_ALLOC_NO_FAIL);
    CHECK(static_cast<char *>(zeroed)[63] == 0);
    {
        GOO_SCOPE_ALLOC(scoped, 100);
        CHECK(scoped != nullptr);
    }
    nodes->destroy(nodes);
    system->destroy(system);
    return 0;
}
