"""Roots of well-known passwords. A password that is one of them, dressed with digits or signs, is refused.

The roots are what remains of published lists of the most used passwords once case, accents, digits and signs
are taken off, with the French habits added (ASVS 5.0, V6.2.4).
"""

_LIST = """
    aaaaaaaaaaaa abcdef abcdefgh abcdefghijkl abcdefghijklm abcdefghijklmnop access accueil adminadmin admin
    administrateur administrateurs administration administrator aimerlavie alexandre alexandra allezlesbleus
    amandine amourtoujours anniversaire anthony antoine assistante assistant aurelie azerty azertyazerty
    azertyui azertyuiop azertyuiopq azertyuiopqs azertyuiopqsdfghjklm azertyuiopqsdf azertyqsdfgh bachelor
    baseball basketball batman beautiful bienvenue bisous bonjour bonjourbonjour bonjouratous butterfly cabinet
    cabinetmedical camille caroline catherine celine champion changeit changeme changezmoi charlotte chat chaton
    cheval chocolat chocolate christine christophe clinique cliniqueclinique clementine coucou coucoucoucou
    computer consultation dallas daniel dauphin defaultpassword demo demodemo demonstration dentiste docteur
    docteurdocteur doctolib doctor doctordoctor dominique dragon dragondragon doudou elisabeth emmanuel
    emmanuelle etoile fabrice facebook football footballfootball forever france francefrance francois frederic
    freedom friends gabriel gabrielle ginger google guest guillaume hello helloworld helloworldhello hopital
    hospital iloveyou iloveyouforever iloveyousomuch infirmier infirmiere inconnu informatique instagram
    internet isabelle jeremy jesuismoi jetaime jetaimetoujours jessica jordan julien juliette justine killer
    laboratoire laposte laurence lemotdepasse letmein letmeinletmein liberte linkedin liverpool login loginlogin
    loulou lovely loveyou loveyouforever ludovic maison mamanpapa manchester marseille master mastermaster
    mathieu maxime medecin medecine medecingeneraliste medical melanie mercedes michel michael microsoft
    minecraft mohamed monamour monange monchat monchien moncoeur monkey monkeymonkey monmotdepasse monpassword
    montpellier motdepasse motdepassemotdepasse motdepassesecret motdepassesecurise mustang mypassword nathalie
    newpassword nicolas nintendo nouveaumotdepasse nouveaupass olivier ordinateur orange papamaman parapluie
    paravent paraventparavent paris parisparis parissaintgermain passe passpass password passwordpassword
    passwords passwrd passphrase pascal patricia patrick pharmacie philippe photographie pikachu playstation
    poisson pokemon pompier portugal princess princesse printemps qazwsxedcrfv qazwsx qsdfghjklm quentin qwerty
    qwertyqwerty qwertyui qwertyuiop qwertyuiopasdf qwertyuiopasdfghjklzxcvbnm qwertz qwertzuiop raphael
    reception root rootroot sabrina saintetienne samsung sandrine sante santesante sauvegarde sebastien secret
    secretariat secretsecret secretaire securite service serviceclient shadow snapchat snoopy soleil
    soleilsoleil sophie starwars stephane stephanie strasbourg sunshine superman superpassword superutilisateur
    tester test testtest testtesttest thomas tigger toulouse toto totototo totototototo trustnoone user
    useruser utilisateur utilisateurs vacances valentin valentine valerie vanessa vendredi veronique victoria
    vincent virginie welcome welcomewelcome whatever wordpass xavier yasmine youtube zaqwsxcderfv zxcvbnm
    zxcvbnmzxcvbnm
"""

ROOTS = frozenset(_LIST.split())
