/**
 * Training of a network: loop, losses, distillation, callbacks, local and distributed gradients.
 *
 * <p>Start with {@link org.vit4j.train.Trainer}. {@link org.vit4j.train.TrainLoop} is the loop over epochs; {@code
 * TrainStep} does one optimizer step, with gradients computed in this process or by {@link
 * org.vit4j.train.GradientWorkers}. Users implement {@link org.vit4j.train.Loss} and {@link org.vit4j.train.Callback}.
 * {@link org.vit4j.train.TrainConfig} is the {@code train} section of a config.
 */
package org.vit4j.train;
