package org.vit4j.backend;

/**
 * A failure of a device, such as exhausted memory, that is not a defect of the program.
 *
 * @param outOfMemory true if memory is exhausted
 * @param reason one line
 * @param capacity bytes of memory of the device; 0 if unknown
 */
public record DeviceFailure(boolean outOfMemory, String reason, long capacity) {}
