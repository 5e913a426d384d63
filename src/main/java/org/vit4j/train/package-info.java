/**
 * Training: config, training loop, losses, checkpoints, resuming, sweeps.
 *
 * <p>Start with {@link org.vit4j.train.TrainRun}, the entry point of command line and notebooks. {@link
 * org.vit4j.train.RunConfig} is a config file, {@link org.vit4j.train.TrainConfig} its {@code train} section. {@link
 * org.vit4j.train.Trainer} is the loop over epochs; {@code TrainStep} does one optimizer step, with gradients computed
 * in this process or by {@link org.vit4j.train.GradientWorkers}. {@code RunDirectory} and {@code CheckpointDirectory}
 * hold the files of a run, {@link org.vit4j.train.Sweep} runs a grid of configs.
 */
package org.vit4j.train;
