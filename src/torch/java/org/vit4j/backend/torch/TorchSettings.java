package org.vit4j.backend.torch;

import org.vit4j.backend.Precision;

/**
 * Settings of all passes of a network.
 *
 * @param fusesAttention whether attention is one operation where its maps are not read
 */
record TorchSettings(TorchDevice device, Precision precision, boolean fusesAttention) {}
