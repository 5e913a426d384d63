/**
 * Training and inference on Apache Spark. Weights are sent as broadcasts, gradients are the results of tasks; no other
 * communication is used. Built with the Maven profile {@code spark}.
 *
 * <p>Start reading at {@link org.vit4j.distributed.SparkCluster} (the entry points),
 * {@link org.vit4j.distributed.SparkWorkers} (one gradient exchange) and {@link org.vit4j.distributed.SparkPredictor}
 * (inference). docs/scaling.md explains usage and cost.
 */
package org.vit4j.distributed;
