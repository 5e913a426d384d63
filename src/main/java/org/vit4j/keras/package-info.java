/**
 * Reading and writing of {@code .keras} files: the graph as a Keras 3 Functional model of built-in layers, its weights
 * as HDF5, and additional entries below {@code vit4j/}, which Keras ignores.
 *
 * <p>Start with {@link org.vit4j.keras.KerasModel}, which converts a graph through {@code KerasLayers}, and {@link
 * org.vit4j.keras.KerasFile}, which writes and reads the archive. {@link org.vit4j.keras.RetrainedKerasModel} imports
 * weights that Keras has trained and saved.
 */
package org.vit4j.keras;
