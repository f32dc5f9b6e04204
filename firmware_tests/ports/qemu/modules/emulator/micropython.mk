SRC_USERMOD_C += $(USERMOD_DIR)/board.c $(USERMOD_DIR)/emulator.c
