// Runs one script:
//
//   qemu-xtensa -cpu de233_fpu firmware.elf SCRIPT [ARGUMENT...]
//
// Modules are found where the script lies and in the directories of $MICROPYPATH, as on MicroPython's unix port.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "py/builtin.h"
#include "py/compile.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "py/stackctrl.h"
#include "host.h"

#define HEAP_SIZE  (4 * 1024 * 1024) // as much as boards with PSRAM have
#define STACK_SIZE (256 * 1024)
#define EXEC_SIZE  (256 * 1024) // all modules together
#define PAGE       4096

static char *stack_top;
static uint8_t heap[HEAP_SIZE] __attribute__((aligned(PAGE)));
static uint8_t exec[EXEC_SIZE] __attribute__((aligned(PAGE)));
static size_t exec_used;

// The script's exit status: SystemExit's value, 1 after any other exception.
static int status_of(mp_obj_t exception) {
    mp_obj_type_t *type = MP_OBJ_TO_PTR(mp_obj_get_type(exception));
    if (!mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(type), MP_OBJ_FROM_PTR(&mp_type_SystemExit))) {
        mp_obj_print_exception(&mp_plat_print, exception);
        return 1;
    }
    mp_obj_t value = mp_obj_exception_get_value(exception);
    mp_int_t status = 0;
    return value == mp_const_none ? 0 : mp_obj_get_int_maybe(value, &status) ? status : 1;
}

static int run(const char *script) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) != 0) {
        return status_of(MP_OBJ_FROM_PTR(nlr.ret_val));
    }
    mp_lexer_t *lexer = mp_lexer_new_from_file(qstr_from_str(script));
    qstr name = lexer->source_name;
    mp_parse_tree_t tree = mp_parse(lexer, MP_PARSE_FILE_INPUT);
    mp_call_function_0(mp_compile(&tree, name, false));
    nlr_pop();
    return 0;
}

static void append(mp_obj_t list, const char *text, size_t size) {
    mp_obj_list_append(list, mp_obj_new_str(text, size));
}

static void set_up_sys(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        append(mp_sys_argv, argv[i], strlen(argv[i]));
    }
    // The script's directory in place of the current one.
    const char *slash = NULL;
    for (const char *c = argv[1]; *c; c++) {
        slash = *c == '/' ? c : slash;
    }
    if (slash) {
        mp_obj_list_store(mp_sys_path, MP_OBJ_NEW_SMALL_INT(0), mp_obj_new_str(argv[1], slash - argv[1]));
    }
    static const char variable[] = "MICROPYPATH=";
    for (char **env = argv + argc + 1; *env; env++) {
        if (strncmp(*env, variable, sizeof(variable) - 1) == 0) {
            for (const char *path = *env + sizeof(variable) - 1; *path;) {
                const char *end = strchr(path, ':');
                size_t size = end ? (size_t)(end - path) : strlen(path);
                append(mp_sys_path, path, size);
                path += size + (end != NULL);
            }
        }
    }
}

int port_main(int argc, char **argv, char *stack) {
    static const char usage[] = "usage: firmware.elf SCRIPT [ARGUMENT...]\n";
    if (argc < 2) {
        write(STDERR_FILENO, usage, sizeof(usage) - 1);
        return 2;
    }
    stack_top = stack;
    mp_stack_set_top(stack_top);
    mp_stack_set_limit(STACK_SIZE);
    gc_init(heap, heap + sizeof(heap));
    mp_init();
    set_up_sys(argc, argv);
    int status = run(argv[1]);
    mp_deinit();
    return status;
}

// A function of its own: its frame lies below those of all callers, whose registers are in the stack by then.
static __attribute__((noinline)) void scan_stack(void) {
    uintptr_t bottom = ((uintptr_t)__builtin_frame_address(0) - 64) & ~3;
    gc_collect_root((void **)bottom, ((uintptr_t)stack_top - bottom) / sizeof(void *));
}

void gc_collect(void) {
    gc_collect_start();
    windows_spill(); // what 32 registers, as in QEMU's core, leave no room for has been spilled by now; with 64 it has not
    scan_stack();
    gc_collect_end();
}

// Never freed: a script ends with the program.
void exec_allocate(size_t size, void **memory, size_t *allocated) {
    size = (size + 15) & ~(size_t)15;
    if (size > sizeof(exec) - exec_used) {
        m_malloc_fail(size);
    }
    *memory = exec + exec_used;
    *allocated = size;
    exec_used += size;
}

mp_import_stat_t mp_import_stat(const char *path) {
    mp_import_stat_t stat = MP_IMPORT_STAT_DIR;
    int fd = open(path, O_DIRECTORY, 0);
    if (fd < 0) {
        stat = MP_IMPORT_STAT_FILE;
        fd = open(path, O_RDONLY, 0);
    }
    if (fd < 0) {
        return MP_IMPORT_STAT_NO_EXIST;
    }
    close(fd);
    return stat;
}

mp_uint_t mp_hal_stdout_tx_strn(const char *text, size_t size) {
    write(STDOUT_FILENO, text, size);
    return size;
}

static MP_NORETURN void die(const char *message) {
    write(STDERR_FILENO, message, strlen(message));
    exit(134);
}

void nlr_jump_fail(void *exception) {
    die("exception without a handler\n");
}
