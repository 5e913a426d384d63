package org.vit4j.models;

/** Whose numbers a network gives; the two differ in many details and their weights do not load into each other. */
public enum Flavor {
    /** The authors' or timm's code, for which published weights exist. */
    OFFICIAL,
    /** The community code that most tutorials print (lucidrains/vit-pytorch 0.20.2, rishikksh20/CeiT-pytorch). */
    COMMUNITY
}
