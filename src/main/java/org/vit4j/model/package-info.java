/**
 * Trained models on disk and in memory: reading, writing and prediction.
 *
 * <p>Start with {@link org.vit4j.model.SavedModel}, the class that applications use. A model file contains the graph's
 * weights and a {@link org.vit4j.model.ModelDescription} with config, class names and preprocessing.
 */
package org.vit4j.model;
