/**
 * Training and inference on Apache Spark. Spark alone moves what has to be moved: weights as a broadcast, gradients as results of
 * tasks. Built with the Maven profile {@code spark}.
 */
package org.vit4j.distributed;
