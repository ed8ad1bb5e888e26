/* The main loop of the program in src/lib.rs. Its exit status is the line of the first check that failed. */
#include <stddef.h>
#include <stdint.h>

typedef struct Reading {
    uint32_t time;
    float values[7];
} Reading;

extern size_t readings_init(void);
extern Reading *reading_new(uint32_t time);
extern void reading_free(Reading *reading);
extern size_t readings_in_use(void);
extern size_t readings_bytes(void);

#define CHECK(condition) \
    do { \
        if (!(condition)) \
            return __LINE__; \
    } while (0)
#define READINGS 24

int main(void) {
    static Reading *live[READINGS];
    CHECK(reading_new(0) == NULL); /* no pool yet */
    CHECK(readings_init() == READINGS);
    CHECK(readings_init() == READINGS);
    CHECK(readings_bytes() == 2048);
    for (uint32_t round = 0; round < 1000; round++) {
        for (uint32_t i = 0; i < READINGS; i++) {
            live[i] = reading_new(round + i);
            CHECK(live[i] != NULL && (uintptr_t)live[i] % 4 == 0);
        }
        CHECK(reading_new(0) == NULL); /* all are in use */
        CHECK(readings_in_use() == READINGS);
        /* In an order that differs from round to round. */
        for (uint32_t i = 0; i < READINGS; i++) {
            uint32_t at = (i * 5 + round) % READINGS;
            CHECK(live[at]->time == round + at && live[at]->values[6] == (float)(round + at));
            reading_free(live[at]);
        }
        CHECK(readings_in_use() == 0);
    }
    reading_free(NULL);
    return 0;
}
