/* SPDX-License-Identifier: ISC */
/* The four functions that compilers call on their own. */
#include <cairn/bytes.h>

#undef memcpy
#undef memmove
#undef memset
#undef memcmp

#if defined(__x86_64__)
/* The processor's own: as wide as its memory, without a loop of ours. */
void *memcpy(void *dst, const void *src, size_t n)
{
    void *to = dst;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(src), "+c"(n) : : "memory");
    return dst;
}

void *memset(void *dst, int c, size_t n)
{
    void *to = dst;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(c) : "memory");
    return dst;
}
#else
typedef uint64_t __attribute__((may_alias)) uk_word;

void *memcpy(void *dst, const void *src, size_t n)
{
    uint8_t *to = dst;
    const uint8_t *from = src;
    while (n >= 8 && (((uintptr_t)to | (uintptr_t)from) & 7) == 0) {
        *(uk_word *)to = *(const uk_word *)from;
        to += 8;
        from += 8;
        n -= 8;
    }
    while (n-- > 0)
        *to++ = *from++;
    return dst;
}

void *memset(void *dst, int c, size_t n)
{
    uint8_t *to = dst;
    uint64_t word = (uint8_t)c * UINT64_C(0x0101010101010101);
    for (; n >= 8 && ((uintptr_t)to & 7) == 0; n -= 8, to += 8)
        *(uk_word *)to = word;
    while (n-- > 0)
        *to++ = (uint8_t)c;
    return dst;
}
#endif

void *memmove(void *dst, const void *src, size_t n)
{
    uint8_t *to = dst;
    const uint8_t *from = src;
    if ((uintptr_t)to - (uintptr_t)from >= n) return memcpy(dst, src, n);
    while (n-- > 0)
        to[n] = from[n];
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;
    for (size_t i = 0; i < n; i++)
        if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
    return 0;
}
