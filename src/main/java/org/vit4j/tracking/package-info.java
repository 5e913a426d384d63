/**
 * Tracking of training runs by an MLflow server.
 *
 * <p>Start with {@link org.vit4j.tracking.MlflowTracker}, a callback of the training loop. {@link
 * org.vit4j.tracking.MlflowConfig} is the {@code output.mlflow} section of a config. The classes need {@code
 * org.mlflow:mlflow-client} on the class path, an optional dependency.
 */
package org.vit4j.tracking;
