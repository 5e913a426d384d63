/**
 * The {@code .keras} file: the graph as a Keras 3 Functional model of built-in layers, its weights as HDF5, our own
 * extras beside them where Keras ignores them.
 *
 * <p>{@link org.vit4j.keras.KerasModel} says what the model looks like in Keras, {@link org.vit4j.keras.KerasFile}
 * writes and reads it.
 */
package org.vit4j.keras;
