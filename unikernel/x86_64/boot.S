/* SPDX-License-Identifier: ISC */
/*
 * From the entry of Xen's PVH boot protocol ("x86/HVM direct boot ABI": 32 bits, flat segments, no
 * paging, %ebx the address of hvm_start_info) to long mode and uk_x86_start. The first 4 GiB are
 * mapped one to one; paging.c draws the finer lines.
 */

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18              /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long uk_x86_entry

#define PRESENT_WRITE 0x003
#define LARGE 0x080
#define EFER 0xC0000080
#define EFER_LME_NXE 0x900
#define CR4_PAE_PGE_SSE 0x6A0   /* PAE, PGE, OSFXSR, OSXMMEXCPT */
#define CR0_PG_WP_NE_MP_PE 0x80010023

    .section .text.boot, "ax"
    .code32
    .globl uk_x86_entry
uk_x86_entry:
    cld
    movl %ebx, %ebp             /* kept until C takes it */

    movl $uk_x86_pdpt + PRESENT_WRITE, uk_x86_pml4
    movl $uk_x86_pd + PRESENT_WRITE, %eax
    movl $uk_x86_pdpt, %edi
    movl $4, %ecx
1:  movl %eax, (%edi)
    addl $4096, %eax
    addl $8, %edi
    loop 1b

    movl $PRESENT_WRITE + LARGE, %eax
    movl $uk_x86_pd, %edi
    movl $2048, %ecx
1:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    loop 1b

    movl $CR4_PAE_PGE_SSE, %eax
    movl %eax, %cr4
    movl $uk_x86_pml4, %eax
    movl %eax, %cr3
    movl $EFER, %ecx
    rdmsr
    orl $EFER_LME_NXE, %eax
    wrmsr
    movl $CR0_PG_WP_NE_MP_PE, %eax
    movl %eax, %cr0

    lgdt boot_gdt_at
    ljmp $8, $1f

    .code64
1:  movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %eax, %fs
    movl %eax, %gs
    leaq uk_stack_top(%rip), %rsp
    movl %ebp, %edi
    xorl %ebp, %ebp             /* where a walk over frames ends */
    call uk_x86_start
1:  hlt
    jmp 1b

    .section .rodata.boot, "a"
    .balign 8
boot_gdt:
    .quad 0, 0x00AF9A000000FFFF, 0x00CF92000000FFFF
boot_gdt_at:
    .word . - boot_gdt - 1
    .long boot_gdt

    .section .bss.tables, "aw", @nobits
    .balign 4096
    .globl uk_x86_pml4, uk_x86_pd
uk_x86_pml4:
    .skip 4096
uk_x86_pdpt:
    .skip 4096
uk_x86_pd:
    .skip 4 * 4096

    .section .note.GNU-stack, "", @progbits
