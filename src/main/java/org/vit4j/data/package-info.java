/**
 * The {@code data:} section, preprocessing and batches.
 *
 * <p>{@link org.vit4j.data.DataConfig} reads the {@code data:} section and opens a
 * {@link org.vit4j.data.datasets.Dataset} for training and one for validation.
 * {@link org.vit4j.data.transforms.Transform} augments training images, {@link org.vit4j.data.Preprocessing} is the
 * deterministic transform of evaluation. {@link org.vit4j.data.DataLoader} prefetches batches in threads; its batches do not
 * depend on the number of threads. {@link org.vit4j.data.Mixup} mixes the images of a batch.
 *
 * <p>Images are [H, W, C], batches [N, H, W, C]. Mistakes in configs and files throw a
 * {@link org.vit4j.config.ConfigError}.
 */
package org.vit4j.data;
