/**
 * From files to batches: datasets, the transforms of training images, the deterministic preprocessing of evaluation, and
 * a pipeline that runs ahead of training and gives the same batches for any number of threads.
 *
 * <p>Images are [H, W, C], batches [N, H, W, C]. What a user gets wrong is a {@link org.vit4j.config.ConfigError}.
 */
package org.vit4j.data;
