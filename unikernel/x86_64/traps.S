/* SPDX-License-Identifier: ISC */
/* What the processor jumps to: exceptions end in uk_x86_trap, interrupts in uk_x86_interrupt. */

    .text

    /* Exceptions 8, 10 to 14, 17, 21, 29 and 30 bring an error code; the others get a zero. */
    .macro vector number
    .balign 16
    .if (0x60227D00 >> \number) & 1 == 0
    pushq $0
    .endif
    pushq $\number
    jmp all_traps
    .endm

    .balign 16
    .globl uk_x86_vectors
uk_x86_vectors:
    .altmacro
    .set number, 0
    .rept 32
    vector %number
    .set number, number + 1
    .endr

/* On the stack: struct uk_x86_frame (traps.c). */
all_traps:
    pushq %rax
    pushq %rbx
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rbp
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, %rdi
    andq $-16, %rsp
    cld
    call uk_x86_trap            /* does not return */

/* Interrupts only set flags, in uk_x86_interrupt(line), which uses no vector registers. */
    .macro interrupt line
    .balign 16
    pushq $\line
    jmp all_interrupts
    .endm

    .balign 16
    .globl uk_x86_interrupts
uk_x86_interrupts:
    .set number, 0
    .rept 32
    interrupt %number
    .set number, number + 1
    .endr

all_interrupts:
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %rbx
    movq %rsp, %rbx
    movq 80(%rsp), %rdi
    andq $-16, %rsp
    cld
    call uk_x86_interrupt
    movq %rbx, %rsp
    popq %rbx
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rax
    addq $8, %rsp
    iretq

    .section .note.GNU-stack, "", @progbits
