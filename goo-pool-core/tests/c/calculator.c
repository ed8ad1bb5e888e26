/*
 * A program of some size on pools: a calculator with variables, that derives formulas, over a hash map that grows; and lists
 * that come and go. Each result is checked against one that takes no pool, or that is known.
 */
#include <ctype.h>
#include <string.h>

#include "check.h"
#include "goo_allocator.h"

/* Expressions: nodes from one pool. */

typedef struct Node {
    char kind; /* '0' number, 'x' variable, or the operator */
    long value;
    char name[8];
    struct Node *left, *right;
} Node;

static GooAllocator *nodes;

static Node *node(char kind, Node *left, Node *right) {
    Node *made = nodes->alloc(nodes, sizeof(Node), _Alignof(Node), GOO_ALLOC_ZERO | GOO_ALLOC_NO_FAIL);
    made->kind = kind;
    made->left = left;
    made->right = right;
    return made;
}

static Node *number(long value) {
    Node *made = node('0', NULL, NULL);
    made->value = value;
    return made;
}

static void drop(Node *tree) {
    if (tree != NULL) {
        drop(tree->left);
        drop(tree->right);
        nodes->free(nodes, tree, sizeof *tree, _Alignof(Node));
    }
}

static Node *copy(const Node *tree) {
    if (tree == NULL) {
        return NULL;
    }
    Node *made = node(tree->kind, copy(tree->left), copy(tree->right));
    made->value = tree->value;
    memcpy(made->name, tree->name, sizeof made->name);
    return made;
}

static Node *parse_sum(const char **text);

static Node *parse_factor(const char **text) {
    while (**text == ' ') {
        ++*text;
    }
    if (**text == '(') {
        ++*text;
        Node *inner = parse_sum(text);
        CHECK(**text == ')');
        ++*text;
        return inner;
    }
    if (**text == '-') {
        ++*text;
        return node('-', number(0), parse_factor(text));
    }
    if (isdigit((unsigned char)**text)) {
        char *end;
        Node *made = number(strtol(*text, &end, 10));
        *text = end;
        return made;
    }
    CHECK(isalpha((unsigned char)**text));
    Node *variable = node('x', NULL, NULL);
    for (size_t at = 0; isalnum((unsigned char)**text); at++) {
        CHECK(at + 1 < sizeof variable->name);
        variable->name[at] = *(*text)++;
    }
    return variable;
}

static char operator_at(const char **text, const char *operators) {
    while (**text == ' ') {
        ++*text;
    }
    return **text != '\0' && strchr(operators, **text) != NULL ? *(*text)++ : '\0';
}

static Node *parse_product(const char **text) {
    Node *left = parse_factor(text);
    for (char sign; (sign = operator_at(text, "*")) != '\0';) {
        left = node(sign, left, parse_factor(text));
    }
    return left;
}

static Node *parse_sum(const char **text) {
    Node *left = parse_product(text);
    for (char sign; (sign = operator_at(text, "+-")) != '\0';) {
        left = node(sign, left, parse_product(text));
    }
    return left;
}

static Node *parse(const char *text) {
    Node *tree = parse_sum(&text);
    CHECK(*text == '\0');
    return tree;
}

/* d(tree)/d(name), as a tree of its own. */
static Node *derive(const Node *tree, const char *name) {
    switch (tree->kind) {
    case '0':
        return number(0);
    case 'x':
        return number(strcmp(tree->name, name) == 0);
    case '*':
        return node('+', node('*', derive(tree->left, name), copy(tree->right)),
                    node('*', copy(tree->left), derive(tree->right, name)));
    default:
        return node(tree->kind, derive(tree->left, name), derive(tree->right, name));
    }
}

/* A hash map from names to numbers: entries from a pool, the table from the default allocator. */

typedef struct Entry {
    struct Entry *next;
    unsigned hash;
    char name[8];
    long value;
} Entry;

typedef struct Map {
    GooAllocator *entries;
    Entry **table;
    size_t slots, count;
} Map;

static unsigned hash_of(const char *name) {
    unsigned hash = 2166136261u;
    for (; *name != '\0'; name++) {
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    }
    return hash;
}

static Entry **find(Map *map, const char *name) {
    unsigned hash = hash_of(name);
    Entry **at = &map->table[hash % map->slots];
    while (*at != NULL && ((*at)->hash != hash || strcmp((*at)->name, name) != 0)) {
        at = &(*at)->next;
    }
    return at;
}

static void widen(Map *map) {
    size_t slots = 2 * map->slots;
    Entry **table = goo_alloc_zero(slots * sizeof *table);
    for (size_t slot = 0; slot < map->slots; slot++) {
        for (Entry *entry = map->table[slot]; entry != NULL;) {
            Entry *next = entry->next;
            entry->next = table[entry->hash % slots];
            table[entry->hash % slots] = entry;
            entry = next;
        }
    }
    goo_free(map->table, map->slots * sizeof *table);
    map->table = table;
    map->slots = slots;
}

static void put(Map *map, const char *name, long value) {
    Entry **at = find(map, name);
    if (*at == NULL) {
        *at = map->entries->alloc(map->entries, sizeof **at, _Alignof(Entry), GOO_ALLOC_ZERO);
        CHECK(*at != NULL);
        (*at)->hash = hash_of(name);
        strcpy((*at)->name, name);
        map->count++;
    }
    (*at)->value = value;
    if (map->count > map->slots) {
        widen(map);
    }
}

static bool take_out(Map *map, const char *name) {
    Entry **at = find(map, name), *entry = *at;
    if (entry == NULL) {
        return false;
    }
    *at = entry->next;
    map->entries->free(map->entries, entry, sizeof *entry, _Alignof(Entry));
    map->count--;
    return true;
}

static long value_of(Map *map, const Node *tree) {
    if (tree->kind == '0') {
        return tree->value;
    }
    if (tree->kind == 'x') {
        Entry **at = find(map, tree->name);
        CHECK(*at != NULL);
        return (*at)->value;
    }
    long left = value_of(map, tree->left), right = value_of(map, tree->right);
    return tree->kind == '+' ? left + right : tree->kind == '-' ? left - right : left * right;
}

static unsigned random_state = 1;

static unsigned random_below(unsigned limit) {
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % limit;
}

static void formulas(Map *map) {
    put(map, "x", 7);
    put(map, "y", -3);
    put(map, "rate", 12);
    static const struct {
        const char *text;
        long value, by_x;
    } known[] = {
        {"1 + 2 * 3", 7, 0},
        {"(1 + 2) * 3 - -4", 13, 0},
        {"x * x * x", 343, 147},
        {"2*x*x - 5*x + 1", 64, 23},
        {"(x + y) * (x - y) * rate", 480, 168},
        {"-(x - (y - (rate - x)))", -15, 0},
    };
    for (int round = 0; round < 500; round++) {
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
            Node *tree = parse(known[i].text), *derived = derive(tree, "x");
            CHECK(value_of(map, tree) == known[i].value);
            CHECK(value_of(map, derived) == known[i].by_x);
            drop(round % 2 == 0 ? tree : derived);
            Node *again = copy(round % 2 == 0 ? derived : tree);
            drop(round % 2 == 0 ? derived : tree);
            drop(again);
        }
    }
    CHECK(nodes->stats.allocation_count == 0);
}

/* Names in and out of the map, beside an array that says what must be there. */
static void names(Map *map) {
    enum { NAMES = 3000 };
    static long expected[NAMES];
    static bool is_there[NAMES];
    for (int step = 0; step < 60000; step++) {
        unsigned which = random_below(NAMES);
        char name[8];
        snprintf(name, sizeof name, "n%u", which);
        if (random_below(3) != 0) {
            put(map, name, step);
            expected[which] = step;
            is_there[which] = true;
        } else {
            CHECK(take_out(map, name) == is_there[which]);
            is_there[which] = false;
        }
    }
    size_t count = 0;
    for (unsigned which = 0; which < NAMES; which++) {
        char name[8];
        snprintf(name, sizeof name, "n%u", which);
        Entry *entry = *find(map, name);
        CHECK((entry != NULL) == is_there[which]);
        CHECK(entry == NULL || entry->value == expected[which]);
        count += is_there[which];
    }
    CHECK(map->entries->stats.allocation_count == map->count && map->count == count + 3);
}

/* Many lists of words that grow and shrink; a list's words are in order. */

typedef struct Word {
    struct Word *next;
    unsigned number;
    unsigned char text[20];
} Word;

static void lists(GooPoolAllocator *pool) {
    enum { LISTS = 50 };
    GooAllocator *words = &pool->allocator;
    Word *heads[LISTS] = {NULL};
    size_t lengths[LISTS] = {0};
    size_t live = 0;
    for (unsigned step = 0; step < 100000; step++) {
        Word **head = &heads[random_below(LISTS)];
        size_t *length = &lengths[head - heads];
        /* More come than go, and then more go. */
        if (random_below(100) < (step < 50000 ? 60u : 40u)) {
            Word *word = words->alloc(words, sizeof *word, _Alignof(Word), GOO_ALLOC_DEFAULT);
            CHECK(word != NULL);
            memset(word->text, (int)(step % 251), sizeof word->text);
            word->number = step;
            word->next = *head;
            *head = word;
            ++*length, live++;
        } else if (*head != NULL) {
            Word *word = *head;
            for (size_t i = 0; i < sizeof word->text; i++) {
                CHECK(word->text[i] == word->number % 251);
            }
            CHECK(word->next == NULL || word->next->number < word->number);
            *head = word->next;
            words->free(words, word, sizeof *word, _Alignof(Word));
            --*length, live--;
        }
    }
    size_t counted = 0, free_chunks, total_chunks;
    for (int i = 0; i < LISTS; i++) {
        size_t length = 0;
        for (Word *word = heads[i]; word != NULL; word = word->next) {
            length++;
        }
        CHECK(length == lengths[i]);
        counted += length;
    }
    goo_pool_get_stats(pool, &free_chunks, &total_chunks);
    CHECK(counted == live && total_chunks - free_chunks == live && words->stats.allocation_count == live);
    goo_pool_reset(pool);
    CHECK(words->stats.total_frees == words->stats.total_allocations);
}

int main(void) {
    GooAllocator *system = goo_system_allocator_create();
    GooPoolAllocator *node_pool = goo_pool_allocator_create(system, sizeof(Node), _Alignof(Node), 64);
    GooPoolAllocator *entry_pool = goo_pool_allocator_create_sized(system, sizeof(Entry), _Alignof(Entry), 200);
    GooPoolAllocator *word_pool = goo_pool_allocator_create(system, sizeof(Word), _Alignof(Word), 1);
    CHECK(node_pool != NULL && entry_pool != NULL && word_pool != NULL);
    nodes = &node_pool->allocator;

    Map map = {&entry_pool->allocator, goo_alloc_zero(4 * sizeof(Entry *)), 4, 0};
    CHECK(map.table != NULL);
    formulas(&map);
    names(&map);
    lists(word_pool);

    goo_free(map.table, map.slots * sizeof *map.table);
    CHECK(goo_get_alloc_stats(NULL).bytes_allocated == 0);
    word_pool->allocator.destroy(&word_pool->allocator);
    entry_pool->allocator.destroy(&entry_pool->allocator);
    nodes->destroy(nodes);
    CHECK(system->stats.bytes_allocated == 0 && system->stats.bytes_reserved == 0);
    system->destroy(system);
    puts("calculated");
    return 0;
}
