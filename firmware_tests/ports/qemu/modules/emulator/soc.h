// What board.c needs of a SoC. Each soc_*.h defines
//
//   SOC_TICK_HZ                   of soc_ticks(), a free-running 32-bit counter
//   soc_start()                   starts the counter, and lets a received byte end soc_sleep()
//   soc_instructions()            a counter of instructions, in its own unit, that wraps at 32 bits
//   soc_instructions_from(units)  a difference of it in instructions, under the -icount shift that it names
//   soc_rx_ready()                true when the UART has a byte
//   soc_sleep()                   returns when it has one, and possibly earlier
//
// Interrupts stay masked: a pending one wakes the CPU from its sleep, and no handler is needed.
#ifndef SOC_H
#define SOC_H

#include <stdbool.h>
#include <stdint.h>

#define SOC_REG(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define SOC_REG8(address) (*(volatile uint8_t *)(uintptr_t)(address))

#if defined(QEMU_SOC_MPS2)
#include "soc_mps2.h"
#elif defined(QEMU_SOC_NRF51)
#include "soc_nrf51.h"
#elif defined(QEMU_SOC_VIRT)
#include "soc_virt.h"
#else
#error unknown SOC
#endif

#endif
