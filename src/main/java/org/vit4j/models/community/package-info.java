/**
 * Networks of the community code that most tutorials use: lucidrains/vit-pytorch 0.20.2, and rishikksh20/CeiT-pytorch.
 *
 * <p>One file per network. A network with the structure of its counterpart in {@link org.vit4j.models} is composed of
 * the same blocks with other values and other defaults of the config keys.
 */
package org.vit4j.models.community;
