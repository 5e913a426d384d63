package org.vit4j.backend;

/**
 * Batch statistics of a batch norm and the buffers of its running statistics.
 *
 * @param meanBuffer name of the running mean; likewise {@code varianceBuffer}
 * @param mean name of the output with the batch mean, [1, C]; likewise {@code variance}, which is biased
 * @param rowsPerExample number of elements per channel in one example
 */
public record BatchStatistics(
        String meanBuffer, String varianceBuffer, String mean, String variance, long rowsPerExample, double momentum) {}
