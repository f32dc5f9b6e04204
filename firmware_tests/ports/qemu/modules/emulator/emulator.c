// Module emulator: what only an emulated board has.
#include "py/mperrno.h"
#include "py/runtime.h"
#include "semihosting.h"
#include "soc.h"

// emulator.disk(): (address, bytes) of the memory that the disk lies in.
static mp_obj_t emulator_disk(void) {
    mp_obj_t range[2] = { mp_obj_new_int_from_uint(DISK_ADDRESS), mp_obj_new_int_from_uint(DISK_SIZE) };
    return mp_obj_new_tuple(2, range);
}
static MP_DEFINE_CONST_FUN_OBJ_0(emulator_disk_obj, emulator_disk);

// emulator.count(f, *args): (instructions that f(*args) took, its result). The call itself is part of the count, which is
// the same in every run. Without QEMU's -icount it means nothing.
static mp_obj_t emulator_count(size_t n_args, const mp_obj_t *args) {
    const uint32_t start = soc_instructions();
    const mp_obj_t result = mp_call_function_n_kw(args[0], n_args - 1, 0, args + 1);
    const uint32_t units = soc_instructions() - start;
    mp_obj_t pair[2] = { mp_obj_new_int_from_uint(soc_instructions_from(units)), result };
    return mp_obj_new_tuple(2, pair);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR(emulator_count_obj, 1, emulator_count);

// emulator.host_read(name, offset, buffer): how many bytes of a file in QEMU's folder it has put into the buffer.
static mp_obj_t emulator_host_read(mp_obj_t name_in, mp_obj_t offset_in, mp_obj_t buffer_in) {
    size_t length;
    const char *name = mp_obj_str_get_data(name_in, &length);
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(buffer_in, &buffer, MP_BUFFER_WRITE);
    const int32_t file = semihosting_open(name, length);
    if (file < 0) {
        mp_raise_OSError(MP_ENOENT);
    }
    const int32_t sought = semihosting_seek(file, (uint32_t)mp_obj_get_int(offset_in));
    const uint32_t missing = semihosting_read(file, buffer.buf, buffer.len);
    semihosting_close(file);
    if (sought < 0 || missing > buffer.len) {
        mp_raise_OSError(MP_EIO);
    }
    return mp_obj_new_int_from_uint(buffer.len - missing);
}
static MP_DEFINE_CONST_FUN_OBJ_3(emulator_host_read_obj, emulator_host_read);

static const mp_rom_map_elem_t emulator_globals[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_emulator) },
    { MP_ROM_QSTR(MP_QSTR_count), MP_ROM_PTR(&emulator_count_obj) },
    { MP_ROM_QSTR(MP_QSTR_disk), MP_ROM_PTR(&emulator_disk_obj) },
    { MP_ROM_QSTR(MP_QSTR_host_read), MP_ROM_PTR(&emulator_host_read_obj) },
};
static MP_DEFINE_CONST_DICT(emulator_globals_dict, emulator_globals);

const mp_obj_module_t emulator_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&emulator_globals_dict,
};
MP_REGISTER_MODULE(MP_QSTR_emulator, emulator_module);
