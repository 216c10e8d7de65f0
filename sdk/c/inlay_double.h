/* A double in decimal digits, exactly as printf writes it with %.17g: enough digits to read the same number back.
 *
 * Exact: the number is written out as a large integer in limbs of nine digits (at most 86 of them: a double has at most 767
 * digits), which is then rounded, to even where it lies in the middle. NaN is "nan", whatever its sign.
 */
#ifndef INLAY_DOUBLE_H
#define INLAY_DOUBLE_H

#include "inlay_sdk.h"

enum { INLAY_DOUBLE_LIMBS = 88, INLAY_DOUBLE_LIMB = 1000000000, INLAY_DOUBLE_DIGITS = 17 };

/* Limbs, the lowest first. */
typedef struct inlay_double_number {
    uint32_t limbs[INLAY_DOUBLE_LIMBS];
    uint32_t count;
} inlay_double_number;

static inline void inlay_double_multiply(inlay_double_number* number, uint32_t factor) {
    uint64_t carry = 0;
    for (uint32_t i = 0; i < number->count; i++) {
        carry += (uint64_t)number->limbs[i] * factor;
        number->limbs[i] = (uint32_t)(carry % INLAY_DOUBLE_LIMB);
        carry /= INLAY_DOUBLE_LIMB;
    }
    for (; carry != 0; carry /= INLAY_DOUBLE_LIMB) number->limbs[number->count++] = (uint32_t)(carry % INLAY_DOUBLE_LIMB);
}

/* Multiplies by base^power, `step` of them at once: base^step fits 32 bits. */
static inline void inlay_double_raise(inlay_double_number* number, uint32_t base, uint32_t power, uint32_t step) {
    while (power != 0) {
        uint32_t factor = 1, now = power < step ? power : step;
        for (uint32_t i = 0; i < now; i++) factor *= base;
        inlay_double_multiply(number, factor);
        power -= now;
    }
}

/* The decimal digit at a place, 0 the lowest. */
static inline uint32_t inlay_double_digit(const inlay_double_number* number, uint32_t place) {
    uint32_t limb = number->limbs[place / 9];
    for (uint32_t i = place % 9; i != 0; i--) limb /= 10;
    return limb % 10;
}

/* Whether what lies below the lowest of `digits`, which is at `place`, rounds it up. */
static inline int32_t inlay_double_rounds_up(const inlay_double_number* number, uint32_t place) {
    if (place == 0) return 0;
    uint32_t next = inlay_double_digit(number, place - 1);
    if (next != 5) return next > 5;
    for (uint32_t i = 0; i + 1 < place; i++) {
        if (inlay_double_digit(number, i) != 0) return 1;
    }
    return inlay_double_digit(number, place) % 2 == 1;
}

/* The 17 first digits, rounded, as a number of 17 digits; `exponent`: the power of ten of the first of them. */
static inline uint64_t inlay_double_digits(uint64_t mantissa, int32_t power_of_two, int32_t* exponent) {
    inlay_double_number number = {{0}, 0};
    inlay_double_number* all = &number;
    for (; mantissa != 0; mantissa /= INLAY_DOUBLE_LIMB) all->limbs[all->count++] = (uint32_t)(mantissa % INLAY_DOUBLE_LIMB);
    /* m / 2^k is m * 5^k / 10^k. */
    if (power_of_two >= 0) {
        inlay_double_raise(all, 2, (uint32_t)power_of_two, 31);
    } else {
        inlay_double_raise(all, 5, (uint32_t)-power_of_two, 13);
    }
    uint32_t top = 9 * all->count - 1;
    while (inlay_double_digit(all, top) == 0) top--;
    *exponent = (int32_t)top + (power_of_two < 0 ? power_of_two : 0);
    uint64_t digits = 0;
    for (uint32_t i = 0; i < INLAY_DOUBLE_DIGITS; i++) digits = digits * 10 + (i <= top ? inlay_double_digit(all, top - i) : 0);
    if (top >= INLAY_DOUBLE_DIGITS) digits += (uint64_t)inlay_double_rounds_up(all, top - (INLAY_DOUBLE_DIGITS - 1));
    if (digits == 100000000000000000u) { /* 99...9 was rounded up */
        digits /= 10;
        *exponent += 1;
    }
    return digits;
}

/* Zeros at the end of the digits are not written. */
static inline void inlay_double_write(inlay_text* text, uint64_t digits, int32_t exponent) {
    char all[INLAY_DOUBLE_DIGITS];
    int32_t count = INLAY_DOUBLE_DIGITS;
    for (int32_t i = count; i != 0; digits /= 10) all[--i] = (char)('0' + digits % 10);
    while (count > 1 && all[count - 1] == '0') count--;
    int32_t is_scientific = exponent < -4 || exponent >= INLAY_DOUBLE_DIGITS;
    int32_t whole = is_scientific ? 1 : exponent + 1; /* digits before the point */
    if (whole <= 0) inlay_text_add(text, "0.");
    for (int32_t i = whole; i < 0; i++) inlay_text_add_byte(text, '0');
    for (int32_t i = 0; i < count || i < whole; i++) {
        if (i == whole && i != 0) inlay_text_add_byte(text, '.');
        inlay_text_add_byte(text, i < count ? all[i] : '0');
    }
    if (!is_scientific) return;
    uint32_t power = (uint32_t)(exponent < 0 ? -exponent : exponent);
    inlay_text_add(text, exponent < 0 ? "e-" : "e+");
    if (power < 10) inlay_text_add_byte(text, '0');
    inlay_text_add_u64(text, power);
}

/* Adds at most 24 bytes. */
static inline void inlay_text_add_double(inlay_text* text, double number) {
    enum { INFINITE = 0x7ff, MANTISSA_BITS = 52, BIAS = 1075 };
    uint64_t bits;
    __builtin_memcpy(&bits, &number, sizeof bits);
    uint64_t mantissa = bits & ((1ull << MANTISSA_BITS) - 1);
    int32_t power = (int32_t)(bits >> MANTISSA_BITS & INFINITE), exponent = 0;
    if (power == INFINITE && mantissa != 0) {
        inlay_text_add(text, "nan");
        return;
    }
    if (bits >> 63 != 0) inlay_text_add_byte(text, '-');
    if (power == INFINITE) {
        inlay_text_add(text, "inf");
        return;
    }
    if (power == 0 && mantissa == 0) {
        inlay_text_add_byte(text, '0');
        return;
    }
    if (power != 0) mantissa |= 1ull << MANTISSA_BITS;
    uint64_t digits = inlay_double_digits(mantissa, (power != 0 ? power : 1) - BIAS, &exponent);
    inlay_double_write(text, digits, exponent);
}

#endif
